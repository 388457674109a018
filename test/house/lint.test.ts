import { expect } from 'chai'
import { ESLint } from 'eslint'

/** Any file of a room and any test: the linter judges our text as if it stood there. */
const ROOM = 'contract/money.ts'
const DOOR = 'runtime/clock.ts'
const TEST = 'test/house/lint.test.ts'

const eslint = new ESLint()

async function broken(file: string, code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: file })
  return [...new Set(result?.messages.map((message) => message.ruleId ?? message.message))]
}

const BREAKS: readonly (readonly [rule: string, file: string, code: string])[] = [
  ['no-restricted-properties', ROOM, 'export const now = Date.now()'],
  ['no-restricted-syntax', ROOM, 'export const now = new Date()'],
  ['no-restricted-syntax', ROOM, 'export const now = Date()'],
  ['no-restricted-globals', ROOM, 'export const now = performance.now()'],
  ['no-restricted-properties', ROOM, 'export const half = Math.random()'],
  ['no-restricted-properties', ROOM, 'export const id = crypto.randomUUID()'],
  ['no-restricted-imports', ROOM, "import { randomBytes } from 'node:crypto'\nexport const bytes = randomBytes(4)"],
  ['no-restricted-imports', ROOM, "import { setTimeout as wait } from 'node:timers/promises'\nexport { wait }"],
  ['no-restricted-globals', ROOM, 'setTimeout(() => {}, 1)'],
  ['no-restricted-globals', ROOM, 'setInterval(() => {}, 1)'],
  ['no-restricted-globals', ROOM, 'setImmediate(() => {})'],
  ['no-restricted-properties', ROOM, 'export const signal = AbortSignal.timeout(1)'],
  ['no-restricted-properties', ROOM, 'export const { HOME } = process.env'],
  ['no-restricted-globals', ROOM, "console.log('hello')"],
  ['no-restricted-globals', TEST, 'setTimeout(() => {}, 1)'],
  ['no-restricted-imports', TEST, "import { setTimeout as wait } from 'node:timers/promises'\nawait wait(1)"],
  ['no-restricted-syntax', TEST, 'declare const systemTimers: { sleep(ms: number): void }\nsystemTimers.sleep(1)'],
  ['@typescript-eslint/no-floating-promises', ROOM, 'Promise.resolve(1)'],
  ['@typescript-eslint/no-misused-promises', ROOM, '[1].forEach(async () => { await Promise.resolve() })'],
  ['@typescript-eslint/await-thenable', ROOM, 'await 1'],
  ['@typescript-eslint/only-throw-error', ROOM, "throw 'text'"],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    ROOM,
    "export function f(s: 'a' | 'b') { switch (s) { case 'a': return 1 } return 2 }",
  ],
  ['@typescript-eslint/no-explicit-any', ROOM, 'export function f(x: any) { return typeof x }'],
  ['@typescript-eslint/no-unsafe-assignment', ROOM, "export const x = JSON.parse('1')"],
  ['@typescript-eslint/no-non-null-assertion', ROOM, 'export const f = (x?: string) => x!'],
  ['@typescript-eslint/no-unnecessary-condition', ROOM, "export const f = (x: string) => x ?? 'never'"],
  ['@typescript-eslint/no-base-to-string', ROOM, 'export const f = (x: object) => `${x}`'],
  ['eqeqeq', ROOM, 'export const f = (x: number) => x == 1'],
  ['no-param-reassign', ROOM, 'export function f(x: number) { x = 2; return x }'],
  ['max-params', ROOM, 'export const f = (a: 1, b: 2, c: 3, d: 4) => [a, b, c, d]'],
  ['max-lines-per-function', ROOM, `export function f() {\n${'  f()\n'.repeat(60)}}`],
  ['max-lines', ROOM, Array.from({ length: 301 }, (_, index) => `export const x${index} = 1`).join('\n')],
  ['max-lines', TEST, 'expect(1)\n'.repeat(501)],
]

describe('the linter', function () {
  this.timeout(240_000)

  for (const [rule, file, code] of BREAKS) {
    it(`${rule} in ${file}: ${code.split('\n')[0]}`, async () => {
      expect(await broken(file, `${code}\n`)).to.include(rule)
    })
  }

  it('lets the doors be doors', async () => {
    expect(await broken(DOOR, 'export const nowMs = Date.now()\nsetTimeout(() => {}, nowMs)\n')).to.deep.equal([])
  })

  it('does not count comments and blank lines as size', async () => {
    expect(await broken(ROOM, `${'// why\n\n'.repeat(301)}export const x = 1\n`)).to.deep.equal([])
  })
})
