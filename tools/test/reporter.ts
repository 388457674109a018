import { relative } from 'node:path'
import Mocha from 'mocha'
import { reasonOf } from './skip.ts'

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants

/** The run's own last line; until it is known, the run has died: a test file that cannot be loaded, or a crash. */
let lastLine = '0 passed, 1 failed'
process.on('exit', () => process.stdout.write(`${lastLine}\n`))
// Ended by itself, Node waits for what its handles are still asked, and was seen (26.10) to wait for ever for one that no
// handle has any more. A process that is told to end does not wait.
process.on('beforeExit', () => process.exit())

/**
 * How long the process may live on after the last test before what it left open counts as a failure: idle connections
 * close within seconds, on a loaded machine in more of them.
 */
const GRACE_MS = 20_000

interface FileTally {
  readonly file: string
  passed: number
  failed: number
  skipped: number
  durationMs: number
}

/**
 * Prints a line a test file while it runs (on a terminal the line grows), then failures in detail, skipped tests with
 * their reasons, and last `N passed, N failed`. In CI a test skipped without a reason counts as failed.
 */
export default class Reporter extends Mocha.reporters.Base {
  readonly #failures: Mocha.Test[] = []
  readonly #skipped: Mocha.Test[] = []
  #passed = 0
  #tally: FileTally | undefined

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    runner.on(EVENT_TEST_PASS, (test) => {
      this.#passed++
      const tally = this.#tallyOf(test)
      tally.passed++
      tally.durationMs += test.duration ?? 0
      this.#showRunning()
    })
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      test.err = error
      this.#failures.push(test)
      this.#tallyOf(test).failed++
      this.#showRunning()
    })
    runner.on(EVENT_TEST_PENDING, (test) => {
      this.#skipped.push(test)
      this.#tallyOf(test).skipped++
    })
    runner.on(EVENT_RUN_END, () => this.#finish())
  }

  /** Called by mocha when all is over; `end` takes the number of failures, which decides the exit code. */
  override done(failures: number, end?: (failures: number) => void): void {
    end?.(failures + this.#unexplained().length)
  }

  #tallyOf(test: Mocha.Runnable): FileTally {
    const file = relative(process.cwd(), test.file ?? 'unknown file')
    if (this.#tally?.file !== file) {
      this.#endLine()
      this.#tally = { file, passed: 0, failed: 0, skipped: 0, durationMs: 0 }
    }
    return this.#tally
  }

  #line(): string {
    if (this.#tally === undefined) return ''
    const { file, passed, failed, skipped, durationMs } = this.#tally
    const counts = [`${passed} passed`, failed > 0 && `${failed} FAILED`, skipped > 0 && `${skipped} skipped`]
    return `${failed > 0 ? '✗' : '✓'} ${file}  ${counts.filter(Boolean).join(', ')}  ${Math.round(durationMs)} ms`
  }

  #showRunning(): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${this.#line().slice(0, process.stdout.columns - 1)}`)
  }

  #endLine(): void {
    if (this.#tally === undefined) return
    process.stdout.write(`${process.stdout.isTTY ? '\r\x1b[K' : ''}${this.#line()}\n`)
    this.#tally = undefined
  }

  #unexplained(): Mocha.Test[] {
    return process.env['CI'] ? this.#skipped.filter((test) => reasonOf(test) === undefined) : []
  }

  #finish(): void {
    this.#endLine()
    if (this.#failures.length > 0) Mocha.reporters.Base.list(this.#failures)
    for (const test of this.#skipped) {
      process.stdout.write(`skipped: ${test.fullTitle()}: ${reasonOf(test) ?? 'NO REASON GIVEN'}\n`)
    }
    for (const test of this.#unexplained())
      process.stdout.write(`failed: skipped without a reason: ${test.fullTitle()}\n`)
    lastLine = `${this.#passed} passed, ${this.#failures.length + this.#unexplained().length} failed`
    setTimeout(() => this.#endByForce(), GRACE_MS).unref()
  }

  #endByForce(): void {
    const left = process.getActiveResourcesInfo().join(', ')
    process.stdout.write(`failed: the tests left something open, so the process would not end: ${left}\n`)
    lastLine = `${this.#passed} passed, ${this.#failures.length + this.#unexplained().length + 1} failed`
    // Registered last, because mocha sets the exit code of the tests alone at exit.
    process.on('exit', () => {
      process.exitCode = 1
    })
    process.exit()
  }
}
