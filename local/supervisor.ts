import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Environment } from '../runtime/environment.ts'
import type { Timers } from '../runtime/timers.ts'

export interface SupervisedProcess {
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Environment
  /** The line of its standard output that says it is ready. */
  readonly readyLine: RegExp
  /** Between SIGTERM and SIGKILL when it is stopped. Default 10 000 ms. */
  readonly stopLimitMs?: number
  readonly timers: Timers
  readonly onEvent: (event: SupervisorEvent) => void
}

export type SupervisorEvent =
  | { readonly type: 'line'; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  /** Each time it is ready, with the line that said so. */
  | { readonly type: 'ready'; readonly pid: number; readonly line: string }
  /** It died and is started again; `exit` is its code or its signal. */
  | { readonly type: 'restarting'; readonly exit: string; readonly delayMs: number }

export interface Supervisor {
  /** The line that said it was ready for the first time; rejects when it dies before, by itself as an `EndedBeforeReady`. */
  readonly ready: Promise<string>
  /** Of the process that runs now; undefined between two. */
  pid(): number | undefined
  /** SIGTERM, then SIGKILL after the limit. Resolves when it is gone. */
  stop(): Promise<void>
}

/** It was never ready, so it is not started again. */
export class EndedBeforeReady extends Error {
  /** Its code or its signal. */
  readonly exit: string
  /** What it said last, on either stream; nothing when it said nothing. */
  readonly lastLines: readonly string[]

  constructor(command: string, exit: string, lastLines: readonly string[]) {
    super(`${command} ended with ${exit} before it was ready: ${lastLines.join(' | ') || 'it had said nothing'}`)
    this.exit = exit
    this.lastLines = lastLines
  }
}

const DEFAULT_STOP_LIMIT_MS = 10_000
/** One that had been ready starts again at once; one that dies while starting waits, twice as long each time. */
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000
const LAST_LINES = 5

/** Starts a process and keeps it running until it is stopped. It ends with this process, even by SIGKILL on Linux. */
export function supervise(what: SupervisedProcess): Supervisor {
  const keeper = new Keeper(what)
  return { ready: keeper.ready, pid: () => keeper.pid, stop: () => keeper.stop() }
}

class Keeper {
  readonly ready: Promise<string>
  readonly #what: SupervisedProcess
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  #child: ChildProcess | undefined
  #isReady = false
  #hasBeenReady = false
  #failedStarts = 0
  #resolveReady: (line: string) => void = () => {}
  #rejectReady: (reason: Error) => void = () => {}

  constructor(what: SupervisedProcess) {
    this.#what = what
    this.ready = new Promise<string>((resolve, reject) => {
      this.#resolveReady = resolve
      this.#rejectReady = reject
    })
    // Who only stops it need not have asked.
    this.ready.catch(() => {})
    this.#done = this.#keepRunning().catch((fault: unknown) => this.#rejectReady(fault as Error))
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  async stop(): Promise<void> {
    const { command, timers, stopLimitMs = DEFAULT_STOP_LIMIT_MS } = this.#what
    this.#stopping.abort()
    this.#rejectReady(new Error(`${command} was stopped before it was ready`))
    this.#child?.kill('SIGTERM')
    const cancel = timers.after(stopLimitMs, () => this.#child?.kill('SIGKILL'))
    await this.#done
    cancel()
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      const { exit, lastLines } = await this.#runOnce()
      const wasReady = this.#takeReady()
      if (signal.aborted) return
      if (!this.#hasBeenReady) throw new EndedBeforeReady(this.#what.command, exit, lastLines)
      if (!wasReady) this.#failedStarts += 1
      const delayMs = restartDelayMs(this.#failedStarts)
      this.#what.onEvent({ type: 'restarting', exit, delayMs })
      await this.#what.timers.sleep(delayMs, signal).catch(() => {})
    }
  }

  async #runOnce(): Promise<{ exit: string; lastLines: readonly string[] }> {
    const lastLines: string[] = []
    const child = startTied(this.#what)
    this.#child = child
    watchLines(child, (stream, line) => {
      lastLines.push(line)
      if (lastLines.length > LAST_LINES) lastLines.shift()
      this.#what.onEvent({ type: 'line', stream, line })
      if (stream === 'stdout' && this.#what.readyLine.test(line)) this.#markReady(line)
    })
    const exit = await whenGone(child)
    this.#child = undefined
    return { exit, lastLines }
  }

  #markReady(line: string): void {
    if (this.#isReady) return
    this.#isReady = true
    this.#hasBeenReady = true
    this.#failedStarts = 0
    this.#what.onEvent({ type: 'ready', pid: this.pid ?? 0, line })
    this.#resolveReady(line)
  }

  #takeReady(): boolean {
    const wasReady = this.#isReady
    this.#isReady = false
    return wasReady
  }
}

function restartDelayMs(failedStarts: number): number {
  return failedStarts === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (failedStarts - 1), LONGEST_DELAY_MS)
}

function startTied({ command, args, environment }: SupervisedProcess): ChildProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe']
  // A session of its own: Ctrl-C at the terminal is for us, who stop it last.
  const options = { env: { ...environment }, stdio, detached: true }
  // `setpriv` becomes the command, so signals and the exit code are the command's own.
  if (process.platform !== 'linux') return spawn(command, args, options)
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], options)
}

/** Resolves when it has ended and its output is read, to its exit code or signal. */
function whenGone(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (fault) => resolve(fault.message))
    child.once('close', (code, signal) => resolve(String(code ?? signal)))
  })
}

function watchLines(child: ChildProcess, onLine: (stream: 'stdout' | 'stderr', line: string) => void): void {
  for (const stream of ['stdout', 'stderr'] as const) {
    const input = child[stream]
    if (input !== null) createInterface({ input }).on('line', (line) => onLine(stream, line))
  }
}
