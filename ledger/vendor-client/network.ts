/** The way out to the vendors. The real one is `undici-network.ts`; a simulator brings its own. */
export interface VendorNetwork {
  /** Sends once and passes the answer on as it comes. Never rejects: what went wrong is a value. */
  send(request: VendorRequest, sink: AnswerSink): Promise<SendResult>
  /** Closes idle connections. */
  close(): Promise<void>
}

export interface VendorRequest {
  /** Scheme, host and port. */
  readonly origin: string
  readonly method: string
  /** Path with the query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** How long the vendor may be silent before the head and between two parts of the body. */
  readonly idleMs: number
  /** How long all of the body may take after the head; absent: as long as it flows. */
  readonly wholeBodyMs?: number
  /** Never on a connection that was used before: the vendor may just be closing it. */
  readonly onFreshConnection: boolean
}

export interface AnswerSink {
  head(status: number, headers: AnswerHeaders): void
  /** `false`: wait for `drained` before the next part. Throws `NotWanted` to have the answer broken off. */
  data(chunk: Uint8Array): boolean
  drained(): Promise<void>
}

/** Whoever reads the answer wants no more of it. */
export class NotWanted extends Error {
  override readonly name = 'NotWanted'
}

/** As they came, lower-case names; an array where a field came more than once. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

export type SendResult =
  /** To its last byte. */
  | { readonly kind: 'answered' }
  /** No byte of the request left. */
  | { readonly kind: 'not_sent'; readonly reason: string }
  /** The request, or a part of it, left, and no whole answer came. */
  | { readonly kind: 'lost'; readonly reason: string }

/** A whole answer in memory. */
export interface BufferedAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly body: Buffer
}

/** Headers that came more than once joined by a comma. */
export function singleHeaders({ headers }: BufferedAnswer): Record<string, string | undefined> {
  const single: Record<string, string | undefined> = {}
  for (const name in headers) {
    const value = headers[name]
    single[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return single
}
