import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import type { Timers } from '../runtime/timers.ts'
import { readKubeconfig } from './kubeconfig.ts'
import type { Status } from './objects.ts'

/** The API server answers a healthy request in well under a second; admission webhooks of others may take 30. */
const ANSWER_WITHIN_MS = 35_000
/** A watch is silent for a minute at most (bookmarks) and ends within 290 s: one that says nothing for longer has lost its server. */
const WATCH_SILENT_MS = 330_000
const MOST_TRIES = 4
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

/** The way to the API server: JSON in, JSON out, nothing left out. `Kind` is what the caller knows to stand at the path. */
export interface KubeApi {
  /** Undefined when there is no such object. */
  get<Kind>(path: string): Promise<Kind | undefined>
  create<Kind>(path: string, object: object): Promise<Kind>
  /** Fails with 409 when the object has changed since `metadata.resourceVersion`. */
  replace<Kind>(path: string, object: object): Promise<Kind>
  /** A merge patch of the object, or of its status where the path ends in `/status`. */
  merge<Kind>(path: string, patch: object): Promise<Kind>
  /** RFC 6902. */
  patch<Kind>(path: string, operations: readonly object[]): Promise<Kind>
  /** Calls `onLine` for each line of an answer that does not end by itself. Resolves when the server ends it. */
  stream(path: string, onLine: (line: string) => void, signal: AbortSignal): Promise<void>
}

/** The API server refused, or could not be reached (`status` 0). */
export class KubeFault extends Error {
  override readonly name = 'KubeFault'
  readonly status: number
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `TooManyRequests` … */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(status: number, said: Partial<Status>, retryAfterMs?: number) {
    super(said.message ?? `the API server answered ${status}`)
    this.status = status
    this.reason = said.reason ?? ''
    this.retryAfterMs = retryAfterMs
  }
}

/** Whether somebody else was first, or the object has changed meanwhile. */
export function isConflict(fault: unknown): boolean {
  return fault instanceof KubeFault && fault.status === 409
}

interface Ask {
  readonly method: string
  readonly path: string
  readonly body?: { readonly type: string; readonly text: string }
  readonly signal?: AbortSignal
}

/**
 * By the kubeconfig named, else as `kubectl` would: KUBECONFIG, the one in the home folder, the Pod's service account.
 * Throws when there is none.
 */
export function connectKube(timers: Timers, kubeconfigFile?: string): KubeApi {
  return connectWith(readKubeconfig(kubeconfigFile === undefined ? {} : { file: kubeconfigFile }), timers)
}

/** By the current context of a kubeconfig that has one. */
export function connectWith(config: KubeConfig, timers: Timers): KubeApi {
  const server = config.getCurrentCluster()?.server ?? ''
  const ask = (asking: Ask) => open(config, server, asking)
  const json = async <Kind>(asking: Ask) => JSON.parse(await patiently(timers, { ask, asking })) as Kind
  const write = <Kind>(asking: Pick<Ask, 'method' | 'path'>, body: object, type = 'application/json') =>
    json<Kind>({ ...asking, body: { type, text: JSON.stringify(body) } })
  return {
    async get(path) {
      try {
        return await json({ method: 'GET', path })
      } catch (fault) {
        if (fault instanceof KubeFault && fault.status === 404) return undefined
        throw fault
      }
    },
    create: (path, object) => write({ method: 'POST', path }, object),
    replace: (path, object) => write({ method: 'PUT', path }, object),
    merge: (path, patch) => write({ method: 'PATCH', path }, patch, 'application/merge-patch+json'),
    patch: (path, operations) => write({ method: 'PATCH', path }, operations, 'application/json-patch+json'),
    async stream(path, onLine, signal) {
      const answer = await ask({ method: 'GET', path, signal })
      if (answer.statusCode !== 200) throw await faultOf(answer, timers)
      let rest = ''
      answer.setEncoding('utf8')
      for await (const chunk of chunksOf(answer, timers, WATCH_SILENT_MS)) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') onLine(line)
      }
    },
  }
}

/** Asks again when the server is busy, and a read also when the server or the way to it failed. */
async function patiently(
  timers: Timers,
  { ask, asking }: { readonly ask: (asking: Ask) => Promise<IncomingMessage>; readonly asking: Ask },
): Promise<string> {
  for (let tries = 1, waitMs = FIRST_WAIT_MS; ; tries += 1, waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      const answer = await ask(asking)
      if ((answer.statusCode ?? 0) >= 300) throw await faultOf(answer, timers)
      return await textOf(answer, timers)
    } catch (fault) {
      if (!(fault instanceof KubeFault) || tries === MOST_TRIES) throw fault
      const isBusy = fault.status === 429
      const isReadAgain = asking.method === 'GET' && (fault.status === 0 || fault.status >= 500)
      if (!isBusy && !isReadAgain) throw fault
      await timers.sleep(Math.min(fault.retryAfterMs ?? waitMs, LONGEST_WAIT_MS))
    }
  }
}

async function open(config: KubeConfig, server: string, { method, path, body, signal }: Ask): Promise<IncomingMessage> {
  const url = new URL(server.replace(/\/$/, '') + path)
  const options: RequestOptions = { method, headers: { accept: 'application/json' } }
  await config.applyToHTTPSOptions(options)
  if (body !== undefined) {
    options.headers = { ...options.headers, 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }
  }
  const start = url.protocol === 'http:' ? httpRequest : httpsRequest
  return new Promise((resolve, reject) => {
    const asking = start(url, { ...options, ...(signal === undefined ? {} : { signal }) })
    // Only the head; what comes after it has a time of its own.
    asking.setTimeout(ANSWER_WITHIN_MS, () => asking.destroy(new Error('no answer in time')))
    asking.on('response', (answer) => {
      asking.setTimeout(0)
      resolve(answer)
    })
    asking.on('error', (fault) =>
      reject(signal?.aborted ? signal.reason : new KubeFault(0, { message: fault.message })),
    )
    asking.end(body?.text)
  })
}

async function faultOf(answer: IncomingMessage, timers: Timers): Promise<KubeFault> {
  const text = await textOf(answer, timers)
  const status = answer.statusCode ?? 0
  const after = Number(answer.headers['retry-after'])
  const retryAfterMs = Number.isInteger(after) && after >= 0 ? after * 1000 : undefined
  try {
    return new KubeFault(status, JSON.parse(text) as Status, retryAfterMs)
  } catch {
    return new KubeFault(status, { message: text.slice(0, 200) }, retryAfterMs)
  }
}

async function textOf(answer: IncomingMessage, timers: Timers): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of chunksOf(answer, timers, ANSWER_WITHIN_MS)) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString('utf8')
}

/** Rejects with status 0 when the server is lost on the way, also without a word: when nothing came for so long. */
async function* chunksOf(answer: IncomingMessage, timers: Timers, silentMs: number): AsyncGenerator<unknown> {
  const cut = () => answer.destroy(new Error(`nothing came for ${silentMs} ms`))
  let cancel = timers.after(silentMs, cut)
  try {
    for await (const chunk of answer) {
      cancel()
      yield chunk
      cancel = timers.after(silentMs, cut)
    }
  } catch (fault) {
    throw new KubeFault(0, { message: `the answer was cut: ${(fault as Error).message}` })
  } finally {
    cancel()
  }
}
