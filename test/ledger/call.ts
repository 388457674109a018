import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

/** One request as `curl` would make it, on a connection of its own. */
export interface Ask {
  readonly method?: string
  readonly path: string
  /** Bearer. */
  readonly key?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
  readonly caPem?: string
  readonly signal?: AbortSignal
}

export interface Told {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Resolves with the whole answer; rejects when the connection breaks. */
export function ask(address: string, { method = 'POST', path, key, headers, body, caPem, signal }: Ask): Promise<Told> {
  const where = address.startsWith('unix:')
    ? { socketPath: address.slice('unix:'.length), path }
    : { ...hostAndPort(address), path }
  const all = { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers }
  const send = address.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const options = { ...where, method, headers: all, agent: false as const }
    const more = { ...(caPem === undefined ? {} : { ca: caPem }), ...(signal === undefined ? {} : { signal }) }
    const request = send({ ...options, ...more }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** A payment of so many cents under a key of the app's own. */
export function payment(key: string, idempotencyKey: string, cents = 100): Ask {
  return {
    path: '/stripe/v1/payment_intents',
    key,
    headers: { 'idempotency-key': idempotencyKey, 'content-type': 'application/x-www-form-urlencoded' },
    body: `amount=${cents}&currency=usd`,
  }
}

/** A call that the geocoder, a vendor without keys of idempotency, must not get twice. */
export function lookup(key: string, idempotencyKey: string, street: string): Ask {
  return {
    path: '/geocode/v1/lookup',
    key,
    headers: { 'idempotency-key': idempotencyKey, 'content-type': 'application/json' },
    body: JSON.stringify({ address: street }),
  }
}

/** `200`, or status and code of a refusal: `429 cap_exhausted`. */
export function gist({ status, headers }: Told): string {
  const code = headers['jobcap-refused']
  return code === undefined ? String(status) : `${status} ${code}`
}

/** The message that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (fault) {
    return fault instanceof Error ? fault.message : 'something that is no error'
  }
  throw new Error('it did not fail')
}

function hostAndPort(address: string) {
  const { hostname, port } = new URL(address)
  return { host: hostname, port: Number(port) }
}
