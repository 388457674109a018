import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { AuditEvent } from '../contract/audit.ts'
import type {
  KeyView,
  NewKeyView,
  PolicyView,
  ResolvedCallView,
  RevokedKeyView,
  RunDetailView,
  RunFilter,
  RunView,
} from '../contract/operators.ts'
import {
  AUDIT_ROUTE,
  CALLS_ROUTE,
  JOURNALS_ROUTE,
  KEYS_ROUTE,
  OPEN_CAPS_ROUTE,
  POLICIES_ROUTE,
  READY_ROUTE,
  RUNS_ROUTE,
} from '../contract/routes.ts'

/** Where the ledger is, and the operators' token. */
export interface LedgerClientOptions {
  /** `http://127.0.0.1:8081`, `https://…` or `unix:/path/of/socket`, as the ledger's readiness line gives them. */
  readonly address: string
  /**
   * Content of the file `operator-token` in the ledger's state folder; in a cluster a token that its API server knows.
   * A function where it changes: it is asked at each request.
   */
  readonly operatorToken: string | (() => string)
  /** PEM of the CA, for https with a certificate of one's own. A function where it changes. */
  readonly caPem?: string | (() => string)
  /** The way to an https address that cannot be reached by itself, one connection a request. */
  readonly openSocket?: () => Promise<Duplex>
}

/** Body of a new key; dollars are decimal text such as `"5.00"`. */
export interface NewKey {
  readonly vendor: string
  readonly policy?: string
  readonly label?: string
  readonly usd_cap?: string
  readonly daily_usd_cap?: string
  readonly allowed_endpoints?: readonly string[]
  readonly expires_in?: string
}

/** Filters of the record; moments in ISO 8601 or milliseconds since 1970. */
export interface AuditAsk {
  readonly run?: string
  readonly key?: string
  readonly label?: string
  readonly index?: number
  readonly from?: string
  readonly to?: string
  /** Only events after this number. */
  readonly cursor?: number
  readonly limit?: number
}

/** The operator API. Every function rejects with `LedgerRefused` on a refusal, and with the socket's error when there is no ledger. */
export interface LedgerClient {
  createKey(key: NewKey): Promise<NewKeyView>
  listKeys(filter?: { readonly label?: string }): Promise<readonly KeyView[]>
  findKey(keyId: string): Promise<KeyView>
  /** Null takes a cap away. */
  setLimits(
    keyId: string,
    limits: { readonly usd_cap?: string | null; readonly daily_usd_cap?: string | null },
  ): Promise<KeyView>
  revokeKey(keyId: string): Promise<RevokedKeyView>
  listRuns(filter?: RunFilter): Promise<readonly RunView[]>
  findRun(run: string): Promise<RunDetailView>
  /** Those in use, with what is spent under them today. */
  listPolicies(): Promise<readonly PolicyView[]>
  endJob(run: string, job: string): Promise<RunDetailView>
  /**
   * The end of a Job whose run is not known here. Undefined: nor is it to the ledger, which remembers that the Job has
   * ended and opens no run for it.
   */
  endUnlistedJob(job: string): Promise<RunDetailView | undefined>
  endPod(run: string, pod: string): Promise<void>
  resolveCall(
    callId: string,
    word: { readonly effect: false } | { readonly effect: true; readonly spent_usd: string },
  ): Promise<ResolvedCallView>
  openDayCaps(): Promise<void>
  /** A person's word that the store goes on without the journal of a replica that it waits for. */
  giveUpJournal(replica: string): Promise<void>
  /** The record in order, as it comes. */
  audit(ask?: AuditAsk): AsyncIterable<AuditEvent>
  /** What `/readyz` says. */
  readiness(): Promise<Readiness>
}

/**
 * `policy_problem`: the newest policy file is broken, the one before it is in use. `waived`: what a person does without
 * on the store.
 */
export interface Readiness {
  readonly ready: boolean
  readonly problem?: string
  /** What is wrong with the store, of `STORE_PROBLEMS`. */
  readonly problem_codes?: readonly string[]
  readonly policy_problem?: string
  readonly waived?: readonly string[]
}

interface RefusedBody {
  readonly code?: string
  readonly message?: string
  readonly error?: object
  readonly [detail: string]: unknown
}

/** A refusal of the ledger. `code` is one of the catalogue's. */
export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused'
  readonly status: number
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(status: number, body: RefusedBody) {
    const { code = '', message = `the ledger answered ${status}`, error: _error, ...details } = body
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

/** A client that keeps no connection and no state. */
export function createLedgerClient(options: LedgerClientOptions): LedgerClient {
  const json = async <View>(method: string, path: string, body?: object): Promise<View> => {
    const { status, text } = await whole(await send(options, { method, path, body }))
    if (status >= 300) throw new LedgerRefused(status, JSON.parse(text) as RefusedBody)
    return JSON.parse(text) as View
  }
  const key = (keyId: string) => `${KEYS_ROUTE}/${encodeURIComponent(keyId)}`
  const run = (runUid: string) => `${RUNS_ROUTE}/${encodeURIComponent(runUid)}`
  const endJob = (runUid: string, job: string) =>
    json<RunDetailView>('POST', `${run(runUid)}/jobs/${encodeURIComponent(job)}/ended`)
  return {
    createKey: (newKey) => json('POST', KEYS_ROUTE, newKey),
    listKeys: async (filter = {}) => (await json<{ keys: KeyView[] }>('GET', KEYS_ROUTE + queryOf(filter))).keys,
    findKey: (keyId) => json('GET', key(keyId)),
    setLimits: (keyId, limits) => json('PATCH', key(keyId), limits),
    revokeKey: (keyId) => json('DELETE', key(keyId)),
    listRuns: async (filter = {}) => (await json<{ runs: RunView[] }>('GET', RUNS_ROUTE + queryOf(filter))).runs,
    findRun: (runUid) => json('GET', run(runUid)),
    listPolicies: async () => (await json<{ policies: PolicyView[] }>('GET', POLICIES_ROUTE)).policies,
    endJob,
    endUnlistedJob: (job) =>
      endJob(job, job).catch((fault: unknown) => {
        if (fault instanceof LedgerRefused && fault.code === 'run_unknown') return undefined
        throw fault
      }),
    async endPod(runUid, pod) {
      await json('POST', `${run(runUid)}/pods/${encodeURIComponent(pod)}/ended`)
    },
    resolveCall: (callId, word) => json('POST', `${CALLS_ROUTE}/${encodeURIComponent(callId)}/resolve`, word),
    async openDayCaps() {
      await json('POST', OPEN_CAPS_ROUTE)
    },
    async giveUpJournal(replica) {
      await json('POST', `${JOURNALS_ROUTE}/${encodeURIComponent(replica)}/given-up`)
    },
    audit: (ask = {}) => events(options, AUDIT_ROUTE + queryOf(ask)),
    async readiness() {
      const { text } = await whole(await send(options, { method: 'GET', path: READY_ROUTE }))
      return JSON.parse(text) as Readiness
    },
  }
}

interface Reply {
  readonly status: number
  readonly body: AsyncIterable<Buffer>
}

function send(
  options: LedgerClientOptions,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: object | undefined },
): Promise<Reply> {
  const { address, operatorToken, caPem } = options
  const text = body === undefined ? '' : JSON.stringify(body)
  const headers = {
    authorization: `Bearer ${typeof operatorToken === 'string' ? operatorToken : operatorToken()}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
  }
  const ask = address.startsWith('https:') ? httpsRequest : httpRequest
  const where = address.startsWith('unix:')
    ? { socketPath: address.slice('unix:'.length), host: 'localhost' }
    : urlParts(address)
  return new Promise((resolve, reject) => {
    const ca = caPem === undefined ? {} : { ca: typeof caPem === 'string' ? caPem : caPem() }
    const way =
      options.openSocket === undefined
        ? { agent: false }
        : { createConnection: tlsOver(options.openSocket, where.host, ca) }
    const request = ask({ ...where, ...ca, ...way, method, path, headers }, (response) =>
      resolve({ status: response.statusCode ?? 0, body: response }),
    )
    request.on('error', reject)
    request.end(text)
  })
}

/** The ledger's certificate is judged by its name, whatever carries the bytes. */
function tlsOver(openSocket: () => Promise<Duplex>, servername: string, ca: { readonly ca?: string }) {
  return (_options: unknown, done: (fault: Error | null, socket: Duplex) => void): undefined => {
    openSocket().then(
      (socket) => done(null, connectTls({ socket, servername, ...ca })),
      (fault: Error) => done(fault, undefined as unknown as Duplex),
    )
  }
}

function urlParts(address: string) {
  const { hostname, port } = new URL(address)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), ...(port === '' ? {} : { port: Number(port) }) }
}

async function whole({ status, body }: Reply): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return { status, text: Buffer.concat(chunks).toString('utf8') }
}

async function* events(options: LedgerClientOptions, path: string): AsyncGenerator<AuditEvent> {
  const reply = await send(options, { method: 'GET', path })
  if (reply.status >= 300) throw new LedgerRefused(reply.status, JSON.parse((await whole(reply)).text) as RefusedBody)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of reply.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line) as AuditEvent
  }
  if (rest !== '') throw new Error('the record broke off in the middle of a line')
}

function queryOf(filter: object): string {
  const query = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)])).toString()
  return query === '' ? '' : `?${query}`
}
