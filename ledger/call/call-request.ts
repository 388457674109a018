import type { AnswerHeaders } from '../vendor-client/network.ts'

/** The whole body; `too_large` above the limit; `too_slow` when it was begun and has not come to its end in time. */
export type SentBody = Buffer | 'too_large' | 'too_slow'

/** A call as it came over the wire, free of the server it came through. */
export interface CallRequest {
  readonly method: string
  /** Path with the query, as it came. */
  readonly target: string
  /** Lower-case names, repeated fields joined as Node does. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Names of the fields that came more than once. */
  readonly repeated: readonly string[]
  /** Rejects when the client breaks off in it. */
  readBody(limitBytes: number): Promise<SentBody>
  readonly client: CallClient
}

/** Whoever waits for the answer. Writing to a client that has left does nothing. */
export interface CallClient {
  /** The connection closed before the answer was written. */
  readonly hasLeft: boolean
  /** Whether the head of the answer was given. */
  readonly isBegun: boolean
  /** Calls `tell` when that happens, at once where it has. Returns what takes that back. */
  onLeft(tell: () => void): () => void
  head(status: number, headers: AnswerHeaders): void
  /** `false`: wait for `drained` before the next part. */
  write(chunk: Uint8Array): boolean
  drained(): Promise<void>
  end(body?: Uint8Array): void
  /** After the end: resolves when all of the answer has left this process, or nobody is there to take it. */
  flushed(): Promise<void>
  /** Cuts the connection, so that what was written is not taken for a whole answer. */
  cut(): void
}
