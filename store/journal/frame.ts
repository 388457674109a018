import { crc32 } from 'node:zlib'
import type { JournalEntry } from '../recovery/entries.ts'

/**
 * One entry on disk: length of the payload and its CRC-32, 4 bytes each, then the payload: length of its JSON, the JSON,
 * and the blobs one after another. In the JSON a blob is `{"$blob": [offset, length]}`.
 */
const HEAD_BYTES = 8
const JSON_HEAD_BYTES = 4
/** An entry holds a request of at most 1 MiB; more than this is no entry. */
const LARGEST_PAYLOAD = 16 * 1024 * 1024

export function frameOf(entry: JournalEntry): Buffer {
  const blobs: Buffer[] = []
  let length = 0
  const json = Buffer.from(
    JSON.stringify(
      withoutBlobs(entry, (blob) => {
        blobs.push(blob)
        length += blob.length
        return { $blob: [length - blob.length, blob.length] }
      }),
    ),
  )
  const jsonHead = Buffer.alloc(JSON_HEAD_BYTES)
  jsonHead.writeUInt32LE(json.length)
  const payload = Buffer.concat([jsonHead, json, ...blobs])
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(payload.length)
  head.writeUInt32LE(crc32(payload), 4)
  return Buffer.concat([head, payload])
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

function withoutBlobs(value: unknown, place: (blob: Buffer) => unknown): unknown {
  if (value instanceof Uint8Array) return place(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  if (Array.isArray(value)) return value.map((each) => withoutBlobs(each, place))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutBlobs(each, place)]))
}
