import { crc32 } from 'node:zlib'
import type { JournalEntry } from '../recovery/entries.ts'

/**
 * One entry on disk: length of the payload and its CRC-32, 4 bytes each, then the payload: length of its JSON, the JSON,
 * and the blobs one after another. In the JSON a blob is `{"$blob": [offset, length]}`.
 */
const HEAD_BYTES = 8
/** In the head, after the length. */
const CRC_AT = 4
const JSON_HEAD_BYTES = 4
const JSON_BEGINS = 0x7b
/** An entry holds a request, whose body is of 16 MiB at most (`maxBodyKiB` of a policy), with its headers; more is no entry. */
const LARGEST_PAYLOAD = 32 * 1024 * 1024

export function frameOf(entry: JournalEntry): Buffer {
  const blobs: Uint8Array[] = []
  let blobBytes = 0
  const json = JSON.stringify(
    withoutBlobs(entry, (blob) => {
      blobs.push(blob)
      blobBytes += blob.length
      return { $blob: [blobBytes - blob.length, blob.length] }
    }),
  )
  const jsonBytes = Buffer.byteLength(json)
  const payloadBytes = JSON_HEAD_BYTES + jsonBytes + blobBytes
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payloadBytes)
  frame.writeUInt32LE(payloadBytes)
  frame.writeUInt32LE(jsonBytes, HEAD_BYTES)
  let at = HEAD_BYTES + JSON_HEAD_BYTES
  at += frame.write(json, at)
  for (const blob of blobs) {
    frame.set(blob, at)
    at += blob.length
  }
  frame.writeUInt32LE(crc32(frame.subarray(HEAD_BYTES)), CRC_AT)
  return frame
}

export interface ReadFrames {
  readonly entries: readonly JournalEntry[]
  /** Where the first frame begins that is not whole; the length of the bytes where all are. */
  readonly wholeBytes: number
}

export function readFrames(bytes: Buffer): ReadFrames {
  const entries: JournalEntry[] = []
  let at = 0
  for (;;) {
    const payload = payloadAt(bytes, at)
    if (payload === undefined) return { entries, wholeBytes: at }
    entries.push(entryOf(payload))
    at += HEAD_BYTES + payload.length
  }
}

/** Whether a whole frame lies behind the one at `at`, which is not whole: then no cut end made it so. */
export function isWholeFrameBehind(bytes: Buffer, at: number): boolean {
  const jsonAt = HEAD_BYTES + JSON_HEAD_BYTES
  for (let start = at + 1; start + jsonAt < bytes.length; start += 1) {
    if (bytes[start + jsonAt] !== JSON_BEGINS) continue
    // Its checksum takes long, and what begins like a frame is mostly none.
    if (bytes.readUInt32LE(start + HEAD_BYTES) > bytes.readUInt32LE(start)) continue
    if (payloadAt(bytes, start) !== undefined) return true
  }
  return false
}

function payloadAt(bytes: Buffer, at: number): Buffer | undefined {
  if (at + HEAD_BYTES > bytes.length) return undefined
  const length = bytes.readUInt32LE(at)
  const end = at + HEAD_BYTES + length
  if (length < JSON_HEAD_BYTES || length > LARGEST_PAYLOAD || end > bytes.length) return undefined
  const payload = bytes.subarray(at + HEAD_BYTES, end)
  return crc32(payload) === bytes.readUInt32LE(at + 4) ? payload : undefined
}

function entryOf(payload: Buffer): JournalEntry {
  const jsonEnd = JSON_HEAD_BYTES + payload.readUInt32LE()
  const json = payload.toString('utf8', JSON_HEAD_BYTES, jsonEnd)
  return JSON.parse(json, (_name, value: unknown) => {
    const at = blobPlace(value)
    return at === undefined ? value : Buffer.from(payload.subarray(jsonEnd + at[0], jsonEnd + at[0] + at[1]))
  }) as JournalEntry
}

function blobPlace(value: unknown): readonly [number, number] | undefined {
  if (typeof value !== 'object' || value === null || !('$blob' in value)) return undefined
  return value.$blob as readonly [number, number]
}

/** The value itself where there is no blob in it. */
function withoutBlobs(value: object, place: (blob: Uint8Array) => object): object {
  if (value instanceof Uint8Array) return place(value)
  let copy: Record<string, unknown> | undefined
  for (const [name, each] of Object.entries(value)) {
    if (typeof each !== 'object' || each === null) continue
    const placed = withoutBlobs(each as object, place)
    if (placed === each) continue
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
    copy[name] = placed
  }
  return copy ?? value
}
