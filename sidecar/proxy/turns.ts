import { PassingMap } from '../../runtime/passing-map.ts'

/** S2: after this long without evidence that an earlier answer was read, those that wait behind it are refused. */
export const UNREAD_LIMIT_MS = 30_000
/** Who arrives behind an answer already that old still gets a look at the evidence first. */
const LAST_LOOK_MS = 250
/** Rule 7: so long must every numbered request have been told to wait before one may say so. */
export const DIVERGED_AFTER_MS = 2_000

export type TurnEvent =
  /** The request leaves for the ledger. */
  | { readonly kind: 'go'; readonly id: number; readonly saysDiverged: boolean }
  /** The request is refused: the answer before it has been lying unread for too long. */
  | { readonly kind: 'unread'; readonly id: number }

interface Entry {
  readonly id: number
  readonly lane: Lane
  /** `parked`: told to wait by rule 7, so outside S2. `queued`, `out`, `unread`: inside. */
  state: 'queued' | 'out' | 'unread' | 'parked'
  /** When it entered the state. */
  sinceMs: number
  wasToldToWait: boolean
}

interface Lane {
  readonly key: string
  /** The one request of the lane that is out, or whose answer is not known to be read. */
  holder: Entry | null
  readonly waiting: Set<Entry>
}

/**
 * S2 and the sidecar's half of rule 7, as one pure state: of the requests with the same K one is out at a time. Each
 * method is something that happened at `nowMs` (any monotonic clock) and returns what follows from it.
 */
export class Turns {
  readonly #entries = new PassingMap<number, Entry>()
  readonly #lanes = new PassingMap<string, Lane>()
  #quietSinceMs: number | null = null
  /** In all lanes, kept so that the common case, nobody waits, costs nothing. */
  #waitingCount = 0
  #parkedCount = 0

  /** A request has arrived. */
  arrive(id: number, key: string, nowMs: number): TurnEvent[] {
    const lane = this.#lanes.get(key) ?? { key, holder: null, waiting: new Set() }
    this.#lanes.set(key, lane)
    const entry: Entry = { id, lane, state: 'queued', sinceMs: nowMs, wasToldToWait: false }
    this.#entries.set(id, entry)
    this.#wait(entry)
    return this.#settle(lane, nowMs)
  }

  /** The ledger told the request to wait for others of its core digest. */
  toldToWait(id: number, nowMs: number): TurnEvent[] {
    const entry = this.#entries.get(id)
    if (entry === undefined) return []
    entry.wasToldToWait = true
    this.#become(entry, 'parked', nowMs)
    entry.lane.holder = null
    this.#wait(entry)
    return this.#settle(entry.lane, nowMs)
  }

  /** The last byte of a definite answer was written; whether it is read is not known. */
  answered(id: number, nowMs: number): TurnEvent[] {
    const entry = this.#entries.get(id)
    if (entry === undefined) return []
    this.#become(entry, 'unread', nowMs)
    return this.#settle(entry.lane, nowMs)
  }

  /** The request has ended for the app: seen, closed unseen, answered with something not definite, or dropped. */
  ended(id: number, nowMs: number): TurnEvent[] {
    const entry = this.#entries.get(id)
    if (entry === undefined) return []
    this.#remove(entry)
    for (const other of entry.lane.waiting) if (other.state === 'parked') this.#become(other, 'queued', nowMs)
    return this.#settle(entry.lane, nowMs)
  }

  /** Time has passed: `nextTickMs` was reached. */
  tick(nowMs: number): TurnEvent[] {
    const events: TurnEvent[] = []
    for (const lane of this.#lanes.values()) {
      for (const entry of lane.waiting) {
        if (lane.holder?.state !== 'unread' || nowMs < refusedAtMs(entry, lane.holder)) continue
        this.#remove(entry)
        events.push({ kind: 'unread', id: entry.id })
      }
    }
    this.#noticeQuiet(nowMs)
    if (this.#quietSinceMs === null || nowMs < this.#quietSinceMs + DIVERGED_AFTER_MS) return events
    for (const lane of this.#lanes.values()) {
      const oldest = [...lane.waiting].find(({ state }) => state === 'parked')
      if (oldest === undefined || lane.holder !== null) continue
      this.#go(oldest, nowMs)
      events.push({ kind: 'go', id: oldest.id, saysDiverged: true })
    }
    this.#noticeQuiet(nowMs)
    return events
  }

  /** When `tick` has something to do unless something else happens first; null when never. */
  nextTickMs(): number | null {
    if (this.#waitingCount === 0) return null
    const moments: number[] = []
    const hasParked = this.#hasParked()
    for (const { holder, waiting } of this.#lanes.values()) {
      if (holder?.state !== 'unread') continue
      for (const entry of waiting) moments.push(refusedAtMs(entry, holder))
      if (hasParked && this.#quietSinceMs === null) moments.push(holder.sinceMs + UNREAD_LIMIT_MS)
    }
    if (this.#quietSinceMs !== null) moments.push(this.#quietSinceMs + DIVERGED_AFTER_MS)
    return moments.length === 0 ? null : Math.min(...moments)
  }

  /** Answers whose evidence somebody waits for: of the same lane, or any while a request is told to wait. */
  wanted(): number[] {
    if (this.#waitingCount === 0) return []
    const hasParked = this.#hasParked()
    return [...this.#lanes.values()].flatMap(({ holder, waiting }) =>
      holder?.state === 'unread' && (hasParked || waiting.size > 0) ? [holder.id] : [],
    )
  }

  /** Requests inside, whatever their state. */
  get size(): number {
    return this.#entries.size
  }

  /** Requests that wait outside because they were told to. */
  get toldToWaitCount(): number {
    return this.#parkedCount
  }

  /** Fills an empty lane, fresh requests before those that were told to wait, and forgets one without requests. */
  #settle(lane: Lane, nowMs: number): TurnEvent[] {
    const events: TurnEvent[] = []
    if (lane.holder === null) {
      const next = nextOf(lane)
      if (next !== undefined) {
        this.#go(next, nowMs)
        events.push({ kind: 'go', id: next.id, saysDiverged: false })
      } else if (lane.waiting.size === 0) this.#lanes.take(lane.key)
    }
    this.#noticeQuiet(nowMs)
    return events
  }

  #wait(entry: Entry): void {
    entry.lane.waiting.add(entry)
    this.#waitingCount += 1
  }

  #leaveWaiting(entry: Entry): void {
    if (entry.lane.waiting.delete(entry)) this.#waitingCount -= 1
  }

  #go(entry: Entry, nowMs: number): void {
    this.#leaveWaiting(entry)
    entry.lane.holder = entry
    this.#become(entry, 'out', nowMs)
  }

  #become(entry: Entry, state: Entry['state'], nowMs: number): void {
    if (entry.state === 'parked') this.#parkedCount -= 1
    if (state === 'parked') this.#parkedCount += 1
    entry.state = state
    entry.sinceMs = nowMs
  }

  #remove(entry: Entry): void {
    this.#entries.take(entry.id)
    if (entry.state === 'parked') this.#parkedCount -= 1
    this.#leaveWaiting(entry)
    if (entry.lane.holder === entry) entry.lane.holder = null
  }

  #hasParked(): boolean {
    return this.#parkedCount > 0
  }

  /** Keeps since when nothing but requests told to wait is open. An answer unread for 30 s no longer counts as open. */
  #noticeQuiet(nowMs: number): void {
    if (this.#parkedCount === 0) {
      this.#quietSinceMs = null
      return
    }
    for (const { state, sinceMs } of this.#entries.values()) {
      const isOld = state === 'unread' && nowMs >= sinceMs + UNREAD_LIMIT_MS
      if (state !== 'parked' && !isOld) {
        this.#quietSinceMs = null
        return
      }
    }
    this.#quietSinceMs ??= nowMs
  }
}

function nextOf({ waiting }: Lane): Entry | undefined {
  let told: Entry | undefined
  for (const entry of waiting) {
    if (entry.state !== 'queued') continue
    if (!entry.wasToldToWait) return entry
    told ??= entry
  }
  return told
}

function refusedAtMs(waiting: Entry, holder: Entry): number {
  return Math.max(holder.sinceMs + UNREAD_LIMIT_MS, waiting.sinceMs + LAST_LOOK_MS)
}
