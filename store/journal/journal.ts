import type { CallId } from '../../contract/ids.ts'
import type { Log } from '../../runtime/log.ts'
import type { JournalEntry } from '../recovery/entries.ts'
import { type JournalDisk, JournalFault } from './disk.ts'
import { frameOf, readFrames } from './frame.ts'

/** One replica's own record of what it sends and what came of it. One writer; many entries share one fsync. */
export interface Journal {
  /** Resolves when the entry is on disk. Rejects with `JournalFault`; then it counts as not written. */
  write(entry: JournalEntry): Promise<void>
  /** The store has taken the end of the call: its entries may go when room is needed. */
  resolved(callId: CallId): void
  /** All that is on disk, oldest first. */
  entries(): Promise<readonly JournalEntry[]>
  /** Number of the newest segment that was let go; 0: none. A store older than that cannot be made whole from here. */
  readonly droppedSegment: number
  /** Why the last write failed; undefined when it did not. */
  problem(): string | undefined
  /** Ends when all that was asked for is written. */
  close(): Promise<void>
}

export interface JournalOptions {
  readonly disk: JournalDisk
  readonly log: Log
  /** Above this, segments without open calls go, and entries of open ones are copied. Default 256 MiB. */
  readonly maxBytes?: number
  /** Default 16 MiB. */
  readonly segmentBytes?: number
  /** What comes in before this resolves goes into the first group. Default: nothing is waited for. */
  readonly gather?: () => Promise<void>
  /** Asked before a segment goes: the store notes its number. While this rejects, nothing goes. */
  readonly beforeDrop: (segment: number) => Promise<void>
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
/** Copying a segment of which more than this is open would gain too little. */
const MOSTLY_OPEN = 0.8

interface Segment {
  readonly number: number
  bytes: number
  readonly calls: Set<CallId>
}

interface Waiting {
  readonly entry: JournalEntry
  readonly frame: Buffer
  readonly done: () => void
  readonly failed: (fault: unknown) => void
}

/**
 * Opens what is there. A last entry that a crash cut short is taken away: nobody was told that it was written. Damage
 * anywhere else is refused, since what it held may be calls that were sent.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { disk, log } = options
  const segments: Segment[] = []
  const names = await disk.list()
  for (const [at, name] of names.entries()) {
    const bytes = await disk.read(name)
    const { entries, wholeBytes } = readFrames(bytes)
    if (wholeBytes < bytes.length) {
      if (at < names.length - 1) throw new JournalFault(damaged(name, wholeBytes))
      await disk.cut(name, wholeBytes)
      log.warn(
        { segment: name, bytes: bytes.length - wholeBytes },
        'the end of the journal was cut short; it is taken away',
      )
    }
    segments.push({ number: numberOf(name), bytes: wholeBytes, calls: callsOf(entries) })
  }
  return new DiskJournal(options, segments)
}

class DiskJournal implements Journal {
  readonly #options: JournalOptions
  readonly #segments: Segment[]
  readonly #maxBytes: number
  readonly #segmentBytes: number
  #queue: Waiting[] = []
  #writing: Promise<void> | undefined
  #problem: string | undefined

  constructor(options: JournalOptions, segments: Segment[]) {
    this.#options = options
    this.#segments = segments
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.#segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
  }

  get droppedSegment(): number {
    return (this.#segments[0]?.number ?? 1) - 1
  }

  problem(): string | undefined {
    return this.#problem
  }

  write(entry: JournalEntry): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({ entry, frame: frameOf(entry), done: resolve, failed: reject })
    this.#writing ??= this.#drain()
    return promise
  }

  resolved(callId: CallId): void {
    for (const { calls } of this.#segments) calls.delete(callId)
  }

  async entries(): Promise<readonly JournalEntry[]> {
    const all: JournalEntry[] = []
    for (const segment of this.#segments) all.push(...(await this.#read(segment)))
    return all
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#options.disk.close()
  }

  /** What came in while a group was written is the next group. */
  async #drain(): Promise<void> {
    await this.#options.gather?.()
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0)
      try {
        await this.#append(group)
        this.#problem = undefined
        for (const { done } of group) done()
      } catch (fault) {
        this.#problem = `the journal cannot be written: ${String(fault)}. Make room on its disk, or make it writable`
        this.#options.log.error({ err: fault }, 'the journal cannot be written')
        for (const { failed } of group) failed(new JournalFault(this.#problem, { cause: fault }))
      }
    }
    this.#writing = undefined
  }

  async #append(group: readonly Waiting[]): Promise<void> {
    await this.#makeRoom()
    const segment = this.#newest()
    const name = nameOf(segment.number)
    const bytes = Buffer.concat(group.map(({ frame }) => frame))
    try {
      await this.#options.disk.append(name, bytes)
    } catch (fault) {
      // Part of it may be there, and would be read as written.
      if (segment.bytes > 0) await this.#options.disk.cut(name, segment.bytes)
      else await this.#options.disk.remove(name).catch(() => undefined)
      throw fault
    }
    segment.bytes += bytes.length
    for (const { entry } of group) if (entry.kind === 'intent') segment.calls.add(entry.send.callId)
  }

  #newest(): Segment {
    const last = this.#segments.at(-1)
    if (last !== undefined && last.bytes < this.#segmentBytes) return last
    const next: Segment = { number: (last?.number ?? 0) + 1, bytes: 0, calls: new Set() }
    this.#segments.push(next)
    return next
  }

  /** The oldest segment goes; what it holds of open calls is first written again at the end. */
  async #makeRoom(): Promise<void> {
    const total = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
    const [oldest] = this.#segments
    if (total < this.#maxBytes || oldest === undefined || this.#segments.length < 2) return
    const open = (await this.#read(oldest)).filter(
      (entry) => (entry.kind === 'intent' || entry.kind === 'outcome') && oldest.calls.has(entry.send.callId),
    )
    const bytes = Buffer.concat(open.map(frameOf))
    if (bytes.length > oldest.bytes * MOSTLY_OPEN) {
      if (total < this.#maxBytes * 2) return
      throw new JournalFault(`the journal is full of calls that are not resolved (${total} bytes): see jobcap doctor`)
    }
    await this.#options.beforeDrop(oldest.number)
    if (open.length > 0) {
      const newest = this.#newest()
      await this.#options.disk.append(nameOf(newest.number), bytes)
      newest.bytes += bytes.length
      for (const callId of oldest.calls) newest.calls.add(callId)
    }
    this.#segments.shift()
    await this.#options.disk.remove(nameOf(oldest.number))
  }

  async #read(segment: Segment): Promise<readonly JournalEntry[]> {
    if (segment.bytes === 0) return []
    const bytes = await this.#options.disk.read(nameOf(segment.number))
    return readFrames(bytes.subarray(0, segment.bytes)).entries
  }
}

const nameOf = (number: number) => `journal-${String(number).padStart(8, '0')}.log`
const numberOf = (name: string) => Number(name.slice('journal-'.length, -'.log'.length))

function callsOf(entries: readonly JournalEntry[]): Set<CallId> {
  return new Set(entries.flatMap((entry) => (entry.kind === 'intent' ? [entry.send.callId] : [])))
}

function damaged(name: string, at: number): string {
  return (
    `The journal's ${name} is damaged at byte ${at}; later segments are whole, so what it held may be calls that were sent. ` +
    'Put the file back from a copy of the disk, or start with a new folder for --journal, and once with --give-up and the id in its file replica-id.'
  )
}
