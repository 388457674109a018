interface Change {
  readonly atMs: number
  readonly undo: () => void
}

/** Longer than any store of a simulation loses. */
const KEPT_MS = 20_000
const SWEPT_AT = 2_000

/** What was written when, so that a store can come back without its last writes. */
export class UndoLog {
  readonly #nowMs: () => number
  #changes: Change[] = []
  #sweptAt = SWEPT_AT

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  put<Value>(table: Map<string, Value>, key: string, value: Value): void {
    this.#undoable(table, key)
    table.set(key, value)
  }

  remove<Value>(table: Map<string, Value>, key: string): void {
    this.#undoable(table, key)
    table.delete(key)
  }

  append<Item>(list: Item[], item: Item): void {
    this.#note(() => void list.pop())
    list.push(item)
  }

  /** None of these writes can be lost any more. */
  forget(): void {
    this.#changes = []
  }

  /** They cannot be lost for now. Returns what makes them the last ones again, in place of whatever was written meanwhile. */
  setAside(): () => void {
    const changes = this.#changes
    this.#changes = []
    return () => {
      this.#changes = changes
    }
  }

  /** All writes since then are lost. Returns how many. */
  lose(sinceMs: number): number {
    const lost = this.#changes.filter(({ atMs }) => atMs >= sinceMs)
    for (const { undo } of lost.toReversed()) undo()
    this.#changes = this.#changes.filter(({ atMs }) => atMs < sinceMs)
    return lost.length
  }

  #undoable<Value>(table: Map<string, Value>, key: string): void {
    const before = table.get(key)
    this.#note(() => {
      if (before === undefined) table.delete(key)
      else table.set(key, before)
    })
  }

  #note(undo: () => void): void {
    const atMs = this.#nowMs()
    this.#changes.push({ atMs, undo })
    if (this.#changes.length < this.#sweptAt) return
    this.#changes = this.#changes.filter((one) => one.atMs > atMs - KEPT_MS)
    this.#sweptAt = this.#changes.length + SWEPT_AT
  }
}
