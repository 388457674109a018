import { createLedgerClient, type LedgerClient } from '../ledger/client.ts'
import { EndedBeforeReady, type Supervisor, supervise } from '../local/supervisor.ts'
import type { Context } from './command.ts'
import { Unavailable } from './faults.ts'
import { readToken } from './files.ts'
import { furnish, type LedgerHome, type LedgerSources, lastSources, ledgerProcess, remember } from './ledger-home.ts'
import { readLogLine, readStartProblem } from './log-line.ts'

/** The ledger of a state folder, as long as somebody needs it. */
export interface LocalLedger {
  readonly client: LedgerClient
  /** Stops it, if it was started here. */
  stop(): Promise<void>
}

/** What is told of a ledger that was started here. */
export interface LedgerWatch {
  /** Where its log is kept, if it is. */
  readonly logFile: string | null
  /** Each time that it serves. */
  onServing(pid: number): void
  /** It ended with this exit code or signal, and is started again. */
  onRestart(exit: string): void
  /** A line of its log. */
  onLine(line: string): void
}

export interface LedgerSetting extends Pick<Context, 'environment' | 'timers'> {
  readonly watch: LedgerWatch
}

/** How often one who uses another command's ledger looks whether it still serves. */
const LOOK_EVERY_MS = 500
/** For another command's ledger that was just started. */
const STARTING_MS = 5_000
const LOOK_WHILE_STARTING_MS = 100

/** Whether a ledger answers on the state folder's socket. */
export async function isServing(home: LedgerHome): Promise<boolean> {
  try {
    await createLedgerClient({ address: `unix:${home.socket}`, operatorToken: '' }).readiness()
    return true
  } catch {
    return false
  }
}

/**
 * The ledger of the state folder: the one that serves already, or one that is started here and kept running. When
 * another command's ledger stops, one is started here in its place.
 */
export async function openLocalLedger(
  home: LedgerHome,
  sources: LedgerSources,
  setting: LedgerSetting,
): Promise<LocalLedger> {
  if (await isServing(home)) return joined(home, sources, setting)
  furnish(home)
  const { supervisor, problem } = await start(home, sources, setting)
  if (problem === undefined) return { client: localClient(home), stop: () => supervisor.stop() }
  if (problem.includes('in use by another ledger') && (await willServe(home, setting))) {
    return joined(home, sources, setting)
  }
  throw new Unavailable(`the ledger of ${home.folder} does not start: ${problem}`)
}

export function localClient(home: LedgerHome): LedgerClient {
  return createLedgerClient({ address: `unix:${home.socket}`, operatorToken: readToken(home.operatorTokenFile) })
}

interface Start {
  readonly supervisor: Supervisor
  /** Why it does not serve; undefined when it does. */
  readonly problem: string | undefined
}

async function start(
  home: LedgerHome,
  sources: LedgerSources,
  { environment, timers, watch }: LedgerSetting,
): Promise<Start> {
  let problem: string | undefined
  const supervisor = supervise({
    ...ledgerProcess(home, sources, environment),
    timers,
    onEvent: (event) => {
      switch (event.type) {
        case 'ready':
          remember(home, sources)
          watch.onServing(event.pid)
          break
        case 'restarting':
          watch.onRestart(event.exit)
          break
        case 'line':
          problem ??= readStartProblem(event.line)
          if (event.stream === 'stderr') watch.onLine(event.line)
      }
    },
  })
  try {
    await supervisor.ready
    return { supervisor, problem: undefined }
  } catch (fault) {
    await supervisor.stop()
    return { supervisor, problem: problem ?? describeFailedStart(fault as Error, watch.logFile) }
  }
}

/** One that says itself why it does not start does so in its log; this is for one that was ended, or crashed. */
function describeFailedStart(fault: Error, logFile: string | null): string {
  if (!(fault instanceof EndedBeforeReady)) return fault.message
  const { exit, lastLines } = fault
  // Nobody else ends what a person just started.
  const memory = exit === 'SIGKILL' ? ", as the kernel does when the machine's memory is full (`dmesg` says so)" : ''
  const ended = exit.startsWith('SIG') ? `it was ended by ${exit}` : `it ended with ${exit}`
  const said = lastLines.map((line) => readLogLine(line)?.text ?? line).join(' | ')
  const last = said === '' ? 'It had said nothing' : `It said last: ${said}`
  const log = logFile === null || said === '' ? '' : ` (its log: ${logFile})`
  return `${ended} before it was ready${memory}. ${last}${log}. Start the command again.`
}

async function willServe(home: LedgerHome, { timers }: LedgerSetting): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < STARTING_MS; waitedMs += LOOK_WHILE_STARTING_MS) {
    if (await isServing(home)) return true
    await timers.sleep(LOOK_WHILE_STARTING_MS)
  }
  return false
}

/** Another command's ledger must go by the same policy and secrets. */
function joined(home: LedgerHome, sources: LedgerSources, setting: LedgerSetting): LocalLedger {
  const running = lastSources(home)
  if (running?.policyFile !== sources.policyFile || running.secretsFolder !== sources.secretsFolder) {
    const theirs = running === undefined ? 'another policy' : describeSources(running)
    throw new Unavailable(
      `another command's ledger serves ${home.folder} with ${theirs}: give the same, or another --state`,
    )
  }
  const stopping = new AbortController()
  const keeping = keepServed(home, sources, { ...setting, signal: stopping.signal })
  return {
    client: localClient(home),
    async stop() {
      stopping.abort()
      await (await keeping)?.stop()
    },
  }
}

/** Resolves to a ledger of our own once the other one is gone, or to undefined when nobody needs it any more. */
async function keepServed(
  home: LedgerHome,
  sources: LedgerSources,
  setting: LedgerSetting & { readonly signal: AbortSignal },
): Promise<Supervisor | undefined> {
  const { timers, signal } = setting
  const isNeeded = () =>
    timers.sleep(LOOK_EVERY_MS, signal).then(
      () => true,
      () => false,
    )
  while (await isNeeded()) {
    if (await isServing(home)) continue
    const { supervisor, problem } = await start(home, sources, setting)
    if (problem === undefined) return supervisor
  }
  return undefined
}

function describeSources({ policyFile, secretsFolder }: LedgerSources): string {
  return `--policy ${policyFile}${secretsFolder === null ? ' and no --secrets' : ` --secrets ${secretsFolder}`}`
}
