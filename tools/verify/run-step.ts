import { spawn } from 'node:child_process'
import type { Step } from './steps.ts'

export interface StepResult {
  readonly name: string
  readonly isPassed: boolean
  /** What the tests' last line said, for the step that runs them. */
  readonly tests: { passed: number; failed: number } | undefined
}

/** Runs one step and prints one line with its time; what it printed is shown when it failed. */
export async function runStep(step: Step): Promise<StepResult> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, step.command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (step.isShown) process.stdout.write(text)
    })
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const isPassed = code === 0
  console.log(`${isPassed ? '✓' : '✗'} ${step.name} (${seconds} s)`)
  if (!isPassed && !step.isShown) console.log(output.trimEnd())
  return { name: step.name, isPassed, tests: testCounts(output) }
}

/** The counts in the last line, `N passed, N failed`; undefined when the output does not end so. */
export function testCounts(output: string): StepResult['tests'] {
  const match = /^(\d+) passed, (\d+) failed$/.exec(output.trimEnd().split('\n').at(-1) ?? '')
  return match === null ? undefined : { passed: Number(match[1]), failed: Number(match[2]) }
}
