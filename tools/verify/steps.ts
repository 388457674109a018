import { existsSync } from 'node:fs'

export interface Step {
  readonly name: string
  /** Arguments of Node: each step is a program of its own. */
  readonly command: readonly string[]
  /** Shown while it runs, instead of only when it fails. */
  readonly isShown: boolean
  /** Whether what it judges is in the tree yet. */
  isThere(): boolean
}

const bin = (path: string) => `node_modules/${path}`

function step(name: string, command: readonly string[], options: Partial<Step> = {}): Step {
  return { name, command, isShown: false, isThere: () => true, ...options }
}

export const generate = step('generate', ['tools/generate/main.ts'])

/** Read-only, the slowest first. */
export const checks: readonly Step[] = [
  step('lint', [bin('eslint/bin/eslint.js'), '--max-warnings=0', '.']),
  step('types', [bin('typescript/bin/tsc'), '--noEmit', '--project', '.']),
  step('rooms', ['tools/house/check-rooms.ts']),
  step('unused', [bin('knip/bin/knip.js'), '--no-progress']),
  step('documented', [bin('typedoc/bin/typedoc')]),
  step('format', [bin('@biomejs/biome/bin/biome'), 'ci', '--colors=off']),
]

export const bundle = step('bundle', ['tools/bundle/main.ts'])

export const tests = step('test', ['tools/test/main.ts', 'test/**/*.test.ts'], { isShown: true })

export const demo = step('demo', ['tools/demo/main.ts'], {
  isShown: true,
  isThere: () => existsSync('tools/demo/main.ts'),
})
