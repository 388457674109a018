import { isRefusalCode } from '../contract/refusals.ts'
import type { KubeApi } from '../kube/api.ts'
import { createLedgerClient, type LedgerClient, LedgerRefused } from '../ledger/client.ts'
import { stateFolderPath } from '../local/run.ts'
import { type ClusterLedger, connectToCluster, hasKubeconfig } from './cluster/cluster-ledger.ts'
import { type Context, type Option, text, type Values } from './command.ts'
import { BadInput, Interrupted, Refused, Unavailable, UsageError } from './faults.ts'
import { readSource, readToken } from './files.ts'
import { type LedgerHome, lastSources, ledgerHome } from './ledger-home.ts'
import { isServing, type LocalLedger, localClient, openLocalLedger } from './local-ledger.ts'

/** Options of every command that asks a ledger. */
export const LEDGER_OPTIONS = {
  state: { type: 'string', value: 'DIR', help: 'state folder of `jobcap run` (default $XDG_STATE_HOME/jobcap)' },
  ledger: {
    type: 'string',
    value: 'ADDRESS',
    help: "a ledger that runs elsewhere: http://HOST:PORT, https://…, unix:PATH, or kube:[CONTEXT] for a cluster's (default $JOBCAP_LEDGER)",
  },
  'token-file': { type: 'string', value: 'FILE', help: 'operator token for --ledger' },
  'ca-file': { type: 'string', value: 'FILE', help: 'PEM of the CA that signed the certificate of --ledger' },
  'service-account': { type: 'string', value: 'NAMESPACE/NAME', help: 'ask a cluster as this service account' },
  json: { type: 'boolean', help: 'print JSON for machines' },
} as const satisfies Readonly<Record<string, Option>>

/** A ledger that a command asks. */
export interface AskedLedger {
  readonly client: LedgerClient
  /** Of this machine's state folder; null: it runs elsewhere. */
  readonly home: LedgerHome | null
  /** In a cluster: the namespace of the kubeconfig's context, which is meant where none is named. */
  readonly namespace?: string
  /** In a cluster: its API server, as the kubeconfig's user. */
  readonly kube?: KubeApi
}

/** Before the name of a context of the kubeconfig; alone: the current one. */
const CLUSTER = 'kube:'

/**
 * Asks the ledger that the options name; without any that of this machine, and where none ever ran that of the
 * kubeconfig's cluster. One of a state folder that does not run is started for the question and stopped after it. Throws
 * `Unavailable` when there is none.
 */
export async function withLedger(
  values: Values,
  context: Context,
  ask: (ledger: AskedLedger) => Promise<number>,
): Promise<number> {
  const address = remoteAddress(values, context) ?? clusterOfThisMachine(values, context)
  if (address?.startsWith(CLUSTER) === true) {
    const cluster = clusterLedger(address.slice(CLUSTER.length), values, context)
    return asked(
      cluster.then((found) => ask({ ...found, home: null })),
      address,
      context,
    )
  }
  if (text(values, 'service-account') !== undefined) throw new UsageError('--service-account is for --ledger kube:')
  if (address !== undefined) {
    const client = remoteClient(address, values)
    return asked(ask({ client, home: null }), address, context)
  }
  const home = ledgerHome(stateFolderPath(text(values, 'state'), context.environment))
  const local = await openHome(home, context)
  try {
    return await asked(ask({ client: local.client, home }), `unix:${home.socket}`, context)
  } finally {
    await local.stop()
  }
}

function remoteAddress(values: Values, { environment }: Context): string | undefined {
  const given = text(values, 'ledger')
  const hasState = text(values, 'state') !== undefined
  if (given !== undefined && hasState) throw new UsageError('--state and --ledger name two ledgers; give one of them')
  return given ?? (hasState ? undefined : environment['JOBCAP_LEDGER'])
}

/** A person who never ran a ledger here and has a kubeconfig means the cluster's. */
function clusterOfThisMachine(values: Values, { environment }: Context): string | undefined {
  if (text(values, 'state') !== undefined || !hasKubeconfig(environment)) return undefined
  const home = ledgerHome(stateFolderPath(undefined, environment))
  return lastSources(home) === undefined ? CLUSTER : undefined
}

function clusterLedger(context: string, values: Values, { timers }: Context): Promise<ClusterLedger> {
  for (const option of ['token-file', 'ca-file']) {
    if (text(values, option) !== undefined)
      throw new UsageError(`--${option} is for a ledger that is named by its address`)
  }
  const serviceAccount = text(values, 'service-account')
  return connectToCluster({ context: context === '' ? undefined : context, serviceAccount }, timers)
}

function remoteClient(address: string, values: Values): LedgerClient {
  if (!/^unix:.+/.test(address) && !(/^https?:\/\//.test(address) && URL.canParse(address))) {
    throw new UsageError(`--ledger ${address} must be http://HOST:PORT, https://HOST:PORT, unix:PATH or kube:[CONTEXT]`)
  }
  const file = text(values, 'token-file')
  if (file === undefined) throw new UsageError('--ledger needs --token-file: the file operator-token of that ledger')
  const caFile = text(values, 'ca-file')
  return createLedgerClient({
    address,
    operatorToken: readToken(file),
    ...(caFile === undefined ? {} : { caPem: readSource(caFile).text }),
  })
}

async function openHome(home: LedgerHome, { environment, timers }: Context): Promise<LocalLedger> {
  if (await isServing(home)) return { client: localClient(home), stop: () => Promise.resolve() }
  const sources = lastSources(home)
  if (sources === undefined) {
    throw new Unavailable(`no ledger has ever run in ${home.folder}: name another folder with --state`)
  }
  const watch = { logFile: null, onServing: () => {}, onRestart: () => {}, onLine: () => {} }
  return openLocalLedger(home, sources, { environment, timers, watch })
}

async function asked(answer: Promise<number>, address: string, { interrupted }: Context): Promise<number> {
  const interruption = Promise.withResolvers<never>()
  const onAbort = () => interruption.reject(new Interrupted())
  if (interrupted.aborted) onAbort()
  interrupted.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([answer, interruption.promise])
  } catch (fault) {
    throw explained(fault, address)
  } finally {
    interrupted.removeEventListener('abort', onAbort)
  }
}

/** What OpenSSL says of an answer that is plain text: words for its authors. */
const NOT_TLS = /wrong version number|packet length too long|http request/

/** What a person can make something of: everything but our own words comes from the way to the ledger. */
function explained(fault: unknown, address: string): unknown {
  if (fault instanceof LedgerRefused) {
    if (isRefusalCode(fault.code)) return fault
    return new Unavailable(`${address} does not answer as a ledger does (status ${fault.status})`)
  }
  if ([BadInput, Interrupted, Refused, Unavailable, UsageError].some((ours) => fault instanceof ours)) return fault
  if (fault instanceof SyntaxError) return new Unavailable(`${address} does not answer as a ledger does`)
  const { message = '', code = '' } = fault as NodeJS.ErrnoException
  if (address.startsWith('https:') && NOT_TLS.test(message)) {
    return new Unavailable(
      `${address}: the ledger there speaks plain http, not https: give --ledger ${address.replace('https:', 'http:')}`,
    )
  }
  return new Unavailable(`no ledger answers at ${address}: ${message === '' ? code : message}`)
}
