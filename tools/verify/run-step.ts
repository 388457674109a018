import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Step } from './steps.ts'

export interface StepResult {
  readonly name: string
  readonly isPassed: boolean
  /** What the tests' last line said, for the step that runs them. */
  readonly tests: { passed: number; failed: number } | undefined
}

/** What is still to be read of a step that has ended. */
const DRAIN_MS = 2_000

/**
 * Runs one step and prints one line with its time; what it printed is shown when it failed. It is over when its process
 * is: one that it left behind would hold its output open for ever, and is ended with it.
 */
export async function runStep(step: Step): Promise<StepResult> {
  const startedMs = performance.now()
  const child = spawn(process.execPath, step.command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it leaves behind can be told from us.
    detached: true,
    env: { ...process.env, NO_COLOR: '1' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (step.isShown) process.stdout.write(text)
    })
  }
  const code = await ended(child)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const isPassed = code === 0
  console.log(`${isPassed ? '✓' : '✗'} ${step.name} (${seconds} s)`)
  if (!isPassed && !step.isShown) console.log(output.trimEnd())
  return { name: step.name, isPassed, tests: testCounts(output) }
}

/** Resolves to the exit code, null after a signal, once the process has ended; what is left of its group is ended too. */
export async function ended(child: ChildProcess): Promise<number | null> {
  const strike = () => endGroup(child)
  const interrupted = () => {
    strike()
    process.exit(130)
  }
  process.on('exit', strike).on('SIGINT', interrupted).on('SIGTERM', interrupted)
  const closed = once(child, 'close')
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve))
  strike()
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, DRAIN_MS)
  await Promise.race([closed, late.promise])
  clearTimeout(timer)
  process.off('exit', strike).off('SIGINT', interrupted).off('SIGTERM', interrupted)
  return code
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left of it.
  }
}

/** The counts in the last line, `N passed, N failed`; undefined when the output does not end so. */
export function testCounts(output: string): StepResult['tests'] {
  const match = /^(\d+) passed, (\d+) failed$/.exec(output.trimEnd().split('\n').at(-1) ?? '')
  return match === null ? undefined : { passed: Number(match[1]), failed: Number(match[2]) }
}
