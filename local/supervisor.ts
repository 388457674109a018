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
  /** The line that said it was ready for the first time; rejects when it dies before. */
  readonly ready: Promise<string>
  /** Of the process that runs now; undefined between two. */
  pid(): number | undefined
  /** SIGTERM, then SIGKILL after the limit. Resolves when it is gone. */
  stop(): Promise<void>
}

const DEFAULT_STOP_LIMIT_MS = 10_000
/** One that had been ready starts again at once; one that dies while starting waits, twice as long each time. */
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 5_000
const LAST_LINES = 5

/** Starts a process and keeps it running until it is stopped. It ends with this process, even by SIGKILL on Linux. */
export function supervise(what: SupervisedProcess): Supervisor {
  let child: ChildProcess | undefined
  let isStopping = false
  let hasBeenReady = false
  let failedStarts = 0
  let resolveReady: (line: string) => void = () => {}
  let rejectReady: (reason: Error) => void = () => {}
  const ready = new Promise<string>((resolve, reject) => {
    resolveReady = resolve
    rejectReady = reject
  })
  ready.catch(() => {})
  const waiting = new AbortController()

  const runOnce = async (): Promise<void> => {
    let isReady = false
    const lastLines: string[] = []
    child = startTied(what)
    const { pid } = child
    const exit = whenGone(child)
    watchLines(child, (stream, line) => {
      lastLines.push(line)
      if (lastLines.length > LAST_LINES) lastLines.shift()
      what.onEvent({ type: 'line', stream, line })
      if (isReady || stream !== 'stdout' || !what.readyLine.test(line)) return
      isReady = true
      hasBeenReady = true
      failedStarts = 0
      what.onEvent({ type: 'ready', pid: pid ?? 0, line })
      resolveReady(line)
    })
    const how = await exit
    child = undefined
    if (isStopping) return
    if (!hasBeenReady)
      throw new Error(`${what.command} ended with ${how} before it was ready: ${lastLines.join(' | ')}`)
    if (!isReady) failedStarts += 1
    const delayMs = failedStarts === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (failedStarts - 1), LONGEST_DELAY_MS)
    what.onEvent({ type: 'restarting', exit: how, delayMs })
    await what.timers.sleep(delayMs, waiting.signal).catch(() => {})
  }

  const keepRunning = async (): Promise<void> => {
    while (!isStopping) await runOnce()
  }
  const done = keepRunning().catch((fault: Error) => rejectReady(fault))

  return {
    ready,
    pid: () => child?.pid,
    stop: async () => {
      isStopping = true
      waiting.abort()
      rejectReady(new Error(`${what.command} was stopped before it was ready`))
      child?.kill('SIGTERM')
      const cancel = what.timers.after(what.stopLimitMs ?? DEFAULT_STOP_LIMIT_MS, () => child?.kill('SIGKILL'))
      await done
      cancel()
    },
  }
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
