import type { LedgerClient } from '../../ledger/client.ts'
import { supervise } from '../../local/supervisor.ts'
import type { Context } from '../command.ts'
import { UsageError } from '../command.ts'
import { isServing, localClient } from '../ledger-access.ts'
import { furnish, type LedgerHome, type LedgerSources, lastSources, ledgerProcess } from '../ledger-home.ts'

export interface RunLedger {
  readonly client: LedgerClient
  /** Stops the ledger if this run started it. */
  stop(): Promise<void>
}

export interface RunLedgerWatch {
  /** Each time that it serves. */
  onServing(pid: number): void
  /** Its log, and why it was started again. */
  onLine(line: string): void
}

/** The ledger of the state folder: the one that serves already, or one that this run starts and keeps running. */
export async function openLedger(
  home: LedgerHome,
  sources: LedgerSources,
  { environment, timers, watch }: Pick<Context, 'environment' | 'timers'> & { readonly watch: RunLedgerWatch },
): Promise<RunLedger> {
  if (await isServing(home)) return joinLedger(home, sources)
  furnish(home, sources)
  const ledger = supervise({
    ...ledgerProcess(home, sources, environment),
    timers,
    onEvent: (event) => {
      switch (event.type) {
        case 'ready':
          watch.onServing(event.pid)
          break
        case 'restarting':
          watch.onLine(`the ledger ended with ${event.exit} and is started again`)
          break
        case 'line':
          if (event.stream === 'stderr') watch.onLine(event.line)
      }
    },
  })
  try {
    await ledger.ready
  } catch (fault) {
    await ledger.stop()
    throw new UsageError(`the ledger does not start: ${(fault as Error).message}`)
  }
  return { client: localClient(home), stop: () => ledger.stop() }
}

/** Another run of the same state folder has a ledger already; it must go by the same policy. */
function joinLedger(home: LedgerHome, sources: LedgerSources): RunLedger {
  const running = lastSources(home)
  if (running?.policyFile !== sources.policyFile || running.secretsFolder !== sources.secretsFolder) {
    throw new UsageError(
      `the ledger that serves ${home.folder} goes by ${running?.policyFile ?? 'another policy'}: ` +
        'give the same --policy and --secrets, or another --state',
    )
  }
  return { client: localClient(home), stop: async () => {} }
}
