import type { Answer } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { ResendRefusal } from './refusal.ts'

/** https://resend.com/docs/dashboard/emails/idempotency-keys */
const KEPT_MS = 24 * 60 * 60 * 1000
const MAX_KEY_CHARACTERS = 256

interface Entry {
  readonly payload: string
  readonly firstUsedMs: number
  /** Undefined while the first request is running. */
  answer: Answer | undefined
}

/** Resend's memory of keys: the same request gets the first answer, another one or one too early gets 409. */
export class ResendKeys {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: VendorClock

  constructor(clock: VendorClock) {
    this.#clock = clock
  }

  /** The kept answer, or undefined for a first request, whose key is open from now on. */
  open(key: string, payload: string): Answer | undefined {
    if (key === '' || key.length > MAX_KEY_CHARACTERS) {
      throw new ResendRefusal(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars.')
    }
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#clock.nowMs() - entry.firstUsedMs >= KEPT_MS) {
      this.#entries.set(key, { payload, firstUsedMs: this.#clock.nowMs(), answer: undefined })
      return undefined
    }
    if (entry.payload !== payload) {
      throw new ResendRefusal(
        409,
        'invalid_idempotent_request',
        'Same idempotency key used with a different request payload.',
      )
    }
    if (entry.answer !== undefined) return entry.answer
    throw new ResendRefusal(
      409,
      'concurrent_idempotent_requests',
      'Same idempotency key used while original request is still in progress.',
    )
  }

  close(key: string, answer: Answer): void {
    const entry = this.#entries.get(key)
    if (entry !== undefined) entry.answer = answer
  }

  /** A request that failed leaves its key free. */
  forget(key: string): void {
    this.#entries.delete(key)
  }
}
