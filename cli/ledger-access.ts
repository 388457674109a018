import { readFileSync } from 'node:fs'
import { createLedgerClient, type LedgerClient } from '../ledger/client.ts'
import { stateFolderPath } from '../local/run.ts'
import { supervise } from '../local/supervisor.ts'
import { type Context, EXIT, type Option, text, UsageError, type Values } from './command.ts'
import { type LedgerHome, lastSources, ledgerHome, ledgerProcess } from './ledger-home.ts'

/** Options of every command that asks a ledger. */
export const LEDGER_OPTIONS = {
  state: { type: 'string', value: 'DIR', help: 'state folder of `jobcap run` (default $XDG_STATE_HOME/jobcap)' },
  ledger: { type: 'string', value: 'ADDRESS', help: 'a ledger that runs elsewhere: http://host:port or unix:/path' },
  'token-file': { type: 'string', value: 'FILE', help: 'operator token for --ledger' },
  json: { type: 'boolean', help: 'print JSON for machines' },
} as const satisfies Readonly<Record<string, Option>>

/**
 * Asks the ledger that the options name. One of a state folder that does not run is started for the question and
 * stopped after it. Prints why and resolves to `EXIT.unavailable` when there is none.
 */
export async function withLedger(
  values: Values,
  context: Context,
  ask: (client: LedgerClient) => Promise<number>,
): Promise<number> {
  const address = text(values, 'ledger') ?? context.environment['JOBCAP_LEDGER']
  if (address !== undefined) return ask(remoteClient(address, values))
  const home = ledgerHome(stateFolderPath(text(values, 'state'), context.environment))
  if (await isServing(home)) return ask(localClient(home))
  return withStartedLedger(home, context, ask)
}

/** Whether a ledger answers on the state folder's socket. */
export async function isServing(home: LedgerHome): Promise<boolean> {
  try {
    await createLedgerClient({ address: `unix:${home.socket}`, operatorToken: '' }).readiness()
    return true
  } catch {
    return false
  }
}

export function localClient(home: LedgerHome): LedgerClient {
  return createLedgerClient({
    address: `unix:${home.socket}`,
    operatorToken: readFileSync(home.operatorTokenFile, 'utf8').trim(),
  })
}

function remoteClient(address: string, values: Values): LedgerClient {
  const file = text(values, 'token-file')
  if (file === undefined) throw new UsageError('--ledger needs --token-file: the file operator-token of that ledger')
  return createLedgerClient({ address, operatorToken: readFileSync(file, 'utf8').trim() })
}

async function withStartedLedger(
  home: LedgerHome,
  { terminal, environment, timers }: Context,
  ask: (client: LedgerClient) => Promise<number>,
): Promise<number> {
  const sources = lastSources(home)
  if (sources === undefined) {
    terminal.err(`jobcap: no ledger has ever run in ${home.folder}. Name another folder with --state.\n`)
    return EXIT.unavailable
  }
  const ledger = supervise({ ...ledgerProcess(home, sources, environment), timers, onEvent: () => {} })
  try {
    const problem = await ledger.ready.then(
      () => undefined,
      (fault: Error) => fault.message,
    )
    if (problem === undefined) return await ask(localClient(home))
    terminal.err(`jobcap: the ledger of ${home.folder} does not start: ${problem}\n`)
    return EXIT.unavailable
  } finally {
    await ledger.stop()
  }
}
