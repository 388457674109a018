interface Entry<Value> {
  value: Value | undefined
}

/**
 * A Map for what comes and goes with each call. V8 gives a Map that is added to and removed from a new table after every few
 * dozen entries; what stood in the old table stays reachable from it until the next full collection, with all that hangs
 * on it. With twenty calls out, half of what calls ever held was carried into the old generation. Here a removed entry lets
 * go of its value, so that an old table holds no more than keys.
 */
export class PassingMap<Key, Value extends object> {
  readonly #entries = new Map<Key, Entry<Value>>()

  get size(): number {
    return this.#entries.size
  }

  has(key: Key): boolean {
    return this.#entries.has(key)
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value
  }

  set(key: Key, value: Value): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) this.#entries.set(key, { value })
    else entry.value = value
  }

  /** What stood there, if anything did. */
  take(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const { value } = entry
    entry.value = undefined
    this.#entries.delete(key)
    return value
  }

  /** In the order in which they came. */
  *values(): Generator<Value> {
    for (const { value } of this.#entries.values()) if (value !== undefined) yield value
  }

  /** The one that came first. */
  firstKey(): Key | undefined {
    const [key] = this.#entries.keys()
    return key
  }

  clear(): void {
    for (const entry of this.#entries.values()) entry.value = undefined
    this.#entries.clear()
  }
}
