import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { bodyTooLarge, type Refusal, refusal } from '../../contract/refusals.ts'
import { BODY_WITHIN_MS, CollectedBody } from '../../runtime/collected-body.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { LeavingSignal } from '../leaving.ts'

/** What was read of a request's body. When it is not whole, the request is paused and holds the rest. */
export interface Collected {
  readonly bytes: Buffer
  readonly isWhole: boolean
}

/** The app said beforehand that its body is over the limit, so none of it is read. */
export function isDeclaredOver({ headers }: IncomingMessage, limitBytes: number): boolean {
  return Number(headers['content-length'] ?? 0) > limitBytes
}

/** How a body is read. */
export interface Collecting {
  readonly limitBytes: number
  readonly gone: LeavingSignal
  readonly timers: Timers
}

/** Reads up to `limitBytes`, for a minute. Rejects with the signal's reason when the app leaves first. */
export function collectBody(
  request: IncomingMessage,
  { limitBytes, gone, timers }: Collecting,
): Promise<Collected | Refusal> {
  if (isDeclaredOver(request, limitBytes)) {
    return Promise.resolve({ bytes: Buffer.alloc(0), isWhole: false })
  }
  return new Promise((resolve, reject) => {
    const body = new CollectedBody(request.headers['content-length'])
    const letGo = () => {
      request.off('data', onData).off('end', onEnd)
      gone.removeEventListener('abort', onGone)
      stopWaiting()
    }
    const done = (isWhole: boolean) => {
      letGo()
      resolve({ bytes: body.bytes, isWhole })
    }
    const stopWaiting = timers.after(BODY_WITHIN_MS, () => {
      letGo()
      resolve(refusal('body_too_slow'))
    })
    const onEnd = () => done(true)
    const onGone = () => {
      letGo()
      reject(gone.reason)
    }
    const onData = (chunk: Buffer) => {
      body.add(chunk)
      if (body.size <= limitBytes) return
      request.pause()
      done(false)
    }
    gone.addEventListener('abort', onGone, { once: true })
    if (gone.aborted) onGone()
    request.on('data', onData).on('end', onEnd)
  })
}

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

/** Loaded only where an app compresses: it costs a Pod about 2 MiB. */
async function decoderOf(encoding: string): Promise<Decode | undefined> {
  const { brotliDecompress, gunzip, inflate } = await import('node:zlib')
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return promisify(gunzip)
    case 'deflate':
      return promisify(inflate)
    case 'br':
      return promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress)
    default:
      return undefined
  }
}

/** Undoes a content encoding, so that the ledger judges the bytes that the vendor will read. At most `limitBytes` come out. */
export async function decodeBody(
  bytes: Buffer,
  encoding: string | undefined,
  limitBytes: number,
): Promise<Buffer | Refusal> {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (name === 'identity' || name === '') return bytes
  const decode = await decoderOf(name)
  if (decode === undefined)
    return refusal(
      'body_unreadable',
      'The content encoding is not gzip, deflate or br: send the body in one of these, or as it is.',
    )
  try {
    return await decode(bytes, { maxOutputLength: limitBytes })
  } catch (fault) {
    const isTooLarge = (fault as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLarge
      ? bodyTooLarge(limitBytes, 'decoded body')
      : refusal('body_unreadable', `The body is not well-formed ${name}.`)
  }
}
