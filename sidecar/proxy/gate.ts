/** Lets calls through, counts those inside, and can be shut while a new walk of the app begins. */
export class Gate {
  #inside = 0
  #opened: Promise<void> | null = null
  #open: () => void = () => {}
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get isShut(): boolean {
    return this.#opened !== null
  }

  get inside(): number {
    return this.#inside
  }

  /** Resolves when the gate is open, for whoever found it shut; then it may have been shut again. */
  opened(): Promise<void> {
    return this.#opened ?? Promise.resolve()
  }

  /** Steps through the open gate; `leave` must follow. */
  enter(): void {
    this.#inside += 1
  }

  leave(): void {
    this.#inside -= 1
    this.#onChange()
  }

  /** False when it is shut already. */
  shut(): boolean {
    if (this.#opened !== null) return false
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
    return true
  }

  reopen(): void {
    this.#opened = null
    this.#open()
  }
}
