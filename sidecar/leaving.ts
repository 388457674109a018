/** What is looked at and listened to of an `AbortSignal`, and of a `Leaving`. */
export interface LeavingSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once: true }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * That whoever asked has left: what an `AbortController` with its signal tells, without Node's events, which would be among
 * the dearest things of a call. Each listener hears of it once.
 */
export class Leaving implements LeavingSignal {
  #listeners: (() => void)[] = []
  #signal: AbortSignal | null = null
  aborted = false
  reason: unknown

  abort(reason: Error): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.lastIndexOf(listener)
    if (at >= 0) this.#listeners.splice(at, 1)
  }

  /** For what takes nothing but Node's own. */
  get signal(): AbortSignal {
    if (this.#signal !== null) return this.#signal
    const controller = new AbortController()
    this.#signal = controller.signal
    if (this.aborted) controller.abort(this.reason)
    else this.#listeners.push(() => controller.abort(this.reason))
    return this.#signal
  }
}
