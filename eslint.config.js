import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import {
  closedGlobals,
  closedImports,
  closedProperties,
  closedSyntax,
  closedTestSyntax,
  closedToTests,
} from './tools/house/doors.ts'
import { DOORS } from './tools/house/rooms.ts'

export default defineConfig(
  { ignores: ['node_modules/', '.tools/', 'dist/', 'manifests/', 'docs/', '**/fixtures/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // What guards money and promises.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/require-array-sort-compare': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
      'array-callback-return': 'error',
      eqeqeq: 'error',
      // Types that say the truth.
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
      // Sizes.
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      // Plain code.
      'no-param-reassign': 'error',
      'no-shadow': 'off',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
    },
  },
  {
    name: 'doors',
    files: ['**/*.ts'],
    ignores: [...DOORS],
    rules: {
      'no-restricted-globals': ['error', ...closedGlobals],
      'no-restricted-properties': ['error', ...closedProperties],
      'no-restricted-syntax': ['error', ...closedSyntax],
      'no-restricted-imports': ['error', { paths: closedImports }],
    },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...closedToTests],
      'no-restricted-syntax': ['error', ...closedTestSyntax],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:timers/promises', message: closedToTests[0].message }] },
      ],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      // A `describe` is a chapter, not a function.
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      // An answer's JSON is what the test is about to judge.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    name: 'what only shows',
    files: ['cli/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
)
