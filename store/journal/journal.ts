import type { CallId } from '../../contract/ids.ts'
import type { Log } from '../../runtime/log.ts'
import type { JournalEntry } from '../recovery/entries.ts'
import type { CallRow } from '../store.ts'
import { type JournalDisk, JournalFault } from './disk.ts'
import { frameOf, isWholeFrameBehind, readFrames } from './frame.ts'

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
  readonly keeping: JournalKeeping
}

/** What is asked of the store before a segment goes. While either rejects, nothing goes. */
export interface JournalKeeping {
  /** Of these calls those whose end the store has: also what an earlier process, another replica or a person has told it. */
  resolved(calls: readonly CallRow[]): Promise<readonly CallId[]>
  /** The store notes the number of the segment. */
  notesDrop(segment: number): Promise<void>
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024
const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
/** Copying a segment of which more than this is open would gain too little. */
const MOSTLY_OPEN = 0.8

/** Of these the newest one holds. */
const MARKS = ['served', 'roster', 'mark'] as const

interface Segment {
  readonly number: number
  bytes: number
  /** Calls of its intents whose end the store is not known to have. */
  readonly calls: Set<CallId>
  readonly marks: Set<JournalEntry['kind']>
  /** A write has failed, and what it left behind is still there. */
  isTorn: boolean
}

interface Waiting {
  readonly entry: JournalEntry
  readonly frame: Buffer
  readonly done: () => void
  readonly failed: (fault: unknown) => void
}

/**
 * Opens what is there. A last entry that a crash cut short is taken away: nobody was told that it was written. Damage
 * before a whole entry is refused, since what it held may be calls that were sent.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { disk, log } = options
  const segments: Segment[] = []
  const names = await disk.list()
  for (const [at, name] of names.entries()) {
    const bytes = await disk.read(name)
    const { entries, wholeBytes } = readFrames(bytes)
    if (wholeBytes < bytes.length) {
      if (at < names.length - 1 || isWholeFrameBehind(bytes, wholeBytes)) throw damaged(name, wholeBytes)
      await disk.cut(name, wholeBytes)
      log.warn(
        { segment: name, bytes: bytes.length - wholeBytes },
        'the end of the journal was cut short; it is taken away',
      )
    }
    const segment = { ...emptySegment(numberOf(name)), bytes: wholeBytes }
    note(segment, entries)
    segments.push(segment)
  }
  return new DiskJournal(options, segments)
}

class DiskJournal implements Journal {
  readonly #options: JournalOptions
  readonly #segments: Segment[]
  readonly #maxBytes: number
  readonly #segmentBytes: number
  #queue: Waiting[] = []
  #nextTryBytes = 0
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
    // One that goes meanwhile cannot be read, and whoever asks asks again.
    for (const segment of [...this.#segments]) all.push(...(await this.#read(segment)))
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
      const full = await this.#makeRoom()
      // What is no send is little, and without it nothing that is full could ever be emptied.
      const taken = full === undefined ? group : group.filter((each) => !isSend(each))
      if (full !== undefined) this.#refuse(full, group.filter(isSend))
      try {
        if (taken.length > 0) await this.#append(taken)
        if (full === undefined) this.#problem = undefined
        for (const { done } of taken) done()
      } catch (fault) {
        this.#refuse(fault, taken)
      }
    }
    this.#writing = undefined
  }

  #refuse(fault: unknown, group: readonly Waiting[]): void {
    this.#problem =
      fault instanceof JournalFault
        ? fault.message
        : `the journal cannot be written: ${String(fault)}. Make room on its disk, or make it writable`
    this.#options.log.error({ err: fault }, 'the journal cannot be written')
    for (const { failed } of group) failed(new JournalFault(this.#problem, { cause: fault }))
  }

  async #append(group: readonly Waiting[]): Promise<void> {
    const entries = group.map(({ entry }) => entry)
    const segment = this.#newest()
    await this.#extend(segment, Buffer.concat(group.map(({ frame }) => frame)))
    note(segment, entries)
  }

  /** What a failed write has left behind would be read as written, and what comes after it not at all. */
  async #extend(segment: Segment, bytes: Buffer): Promise<void> {
    const { disk } = this.#options
    if (segment.isTorn) await this.#mend(segment)
    try {
      await disk.append(nameOf(segment.number), bytes)
    } catch (fault) {
      segment.isTorn = true
      await this.#mend(segment)
      throw fault
    }
    segment.bytes += bytes.length
  }

  async #mend(segment: Segment): Promise<void> {
    const { disk } = this.#options
    const name = nameOf(segment.number)
    if (segment.bytes > 0) await disk.cut(name, segment.bytes)
    else await disk.remove(name).catch(() => undefined)
    segment.isTorn = false
  }

  #newest(): Segment {
    const last = this.#segments.at(-1)
    if (last !== undefined && last.bytes < this.#segmentBytes) return last
    const next = emptySegment((last?.number ?? 0) + 1)
    this.#segments.push(next)
    return next
  }

  /**
   * The oldest segment goes. Where it cannot, the journal may become twice as large, and that is tried at each further
   * segment. Returns why no further send is taken.
   */
  async #makeRoom(): Promise<unknown> {
    const total = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
    const [oldest] = this.#segments
    if (total < this.#maxBytes || oldest === undefined || this.#segments.length < 2) return undefined
    const isFull = total >= this.#maxBytes * 2
    if (!isFull && total < this.#nextTryBytes) return undefined
    this.#nextTryBytes = total + this.#segmentBytes
    try {
      if (!(await this.#letGo(oldest))) return isFull ? fullOfOpen(total) : undefined
      this.#nextTryBytes = 0
      return undefined
    } catch (fault) {
      this.#options.log.warn({ err: fault, bytes: total }, 'the oldest segment of the journal cannot go yet')
      return isFull ? fault : undefined
    }
  }

  /** What is still needed of it is first written again at the end. False where that is most of it. */
  async #letGo(oldest: Segment): Promise<boolean> {
    const { keeping, disk } = this.#options
    const entries = await this.#read(oldest)
    const rows = new Map(entries.flatMap((entry) => (entry.kind === 'intent' ? [[entry.send.callId, entry.row]] : [])))
    const asked = [...rows.values()].filter(({ callId }) => oldest.calls.has(callId))
    if (asked.length > 0) for (const callId of await keeping.resolved(asked)) this.resolved(callId)
    const needed = [...this.#lastMarks(oldest, entries), ...entries.filter((entry) => isOfOpen(oldest, entry))]
    const bytes = Buffer.concat(needed.map(frameOf))
    if (bytes.length > oldest.bytes * MOSTLY_OPEN) return false
    await keeping.notesDrop(oldest.number)
    if (needed.length > 0) {
      const newest = this.#newest()
      await this.#extend(newest, bytes)
      note(newest, needed)
    }
    this.#segments.shift()
    await disk.remove(nameOf(oldest.number))
    return true
  }

  /** Under which history its writer last served, and whom it last saw, where nothing newer says it. */
  #lastMarks(oldest: Segment, entries: readonly JournalEntry[]): readonly JournalEntry[] {
    return MARKS.flatMap((kind) => {
      const isSaidAgain = this.#segments.some((each) => each !== oldest && each.marks.has(kind))
      return isSaidAgain ? [] : (entries.findLast((entry) => entry.kind === kind) ?? [])
    })
  }

  async #read(segment: Segment): Promise<readonly JournalEntry[]> {
    if (segment.bytes === 0) return []
    const name = nameOf(segment.number)
    const bytes = await this.#options.disk.read(name).catch((fault: unknown) => {
      throw unreadable(`The journal's ${name} cannot be read (${String(fault)})`, fault)
    })
    const { entries, wholeBytes } = readFrames(bytes.subarray(0, segment.bytes))
    if (wholeBytes < segment.bytes) throw damaged(name, wholeBytes)
    return entries
  }
}

const fullOfOpen = (bytes: number) =>
  new JournalFault(
    `the journal is full of calls that are not resolved (${bytes} bytes). Resolve them: \`jobcap doctor\` lists those in doubt`,
  )
const nameOf = (number: number) => `journal-${String(number).padStart(8, '0')}.log`
const numberOf = (name: string) => Number(name.slice('journal-'.length, -'.log'.length))

function emptySegment(number: number): Segment {
  return { number, bytes: 0, calls: new Set(), marks: new Set(), isTorn: false }
}

function note(segment: Segment, entries: readonly JournalEntry[]): void {
  for (const entry of entries) {
    if (entry.kind === 'intent') segment.calls.add(entry.send.callId)
    if (isLastHolding(entry)) segment.marks.add(entry.kind)
  }
}

const isLastHolding = ({ kind }: JournalEntry) => MARKS.some((mark) => mark === kind)

const isSend = ({ entry }: Waiting) => entry.kind === 'intent'

function isOfOpen({ calls }: Segment, entry: JournalEntry): boolean {
  return (entry.kind === 'intent' || entry.kind === 'outcome') && calls.has(entry.send.callId)
}

const damaged = (name: string, at: number) =>
  unreadable(`The journal's ${name} is damaged at byte ${at}, before its end`)

const unreadable = (what: string, cause?: unknown) =>
  new JournalFault(
    `${what}, so what it held may be calls that were sent. Put the file back from a copy of the disk, ` +
      'or start with a new folder for --journal, and once with --give-up and the id in its file replica-id.',
    { problemCode: 'journal_not_readable', cause },
  )
