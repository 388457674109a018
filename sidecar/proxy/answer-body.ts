import { isEventStream } from '../../contract/event-stream.ts'
import { type LedgerAnswer, LedgerUnreachable } from '../ledger-link.ts'

/** Answers up to this size are collected and written at once. */
const COLLECTED_BYTES = 64 * 1024

/** All of it, or what still comes. */
export type AnswerBody = Buffer | AsyncIterable<Uint8Array>

/**
 * Collects a small answer; a large one, and an event stream, is handed on as it comes. Throws `LedgerUnreachable` when the
 * answer is cut before that is decided.
 */
export async function collectAnswer({ headers, body }: LedgerAnswer): Promise<AnswerBody> {
  if (Buffer.isBuffer(body)) return body
  const length = headers['content-length']
  if (isEventStream(headers['content-type']) || (length !== undefined && Number(length) > COLLECTED_BYTES)) return body
  const chunks = body[Symbol.asyncIterator]()
  const collected: Uint8Array[] = []
  let bytes = 0
  try {
    while (bytes <= COLLECTED_BYTES) {
      const next = await chunks.next()
      if (next.done === true) return Buffer.concat(collected)
      collected.push(next.value)
      bytes += next.value.length
    }
  } catch (fault) {
    throw new LedgerUnreachable('the answer was cut', { cause: fault })
  }
  return joined(collected, chunks)
}

async function* joined(collected: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* collected
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}
