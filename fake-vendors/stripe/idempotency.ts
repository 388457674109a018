import type { Answer } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { StripeRefusal } from './refusal.ts'

/** Stripe may forget a key 24 h after its first use. Source: https://docs.stripe.com/api/idempotent_requests */
const KEPT_MS = 24 * 60 * 60 * 1000
/** v2 keeps them 30 days. Source: https://docs.stripe.com/api-v2-overview#idempotency */
const V2_KEPT_MS = 30 * KEPT_MS

const MAX_KEY_CHARACTERS = 255

/** Answers that Stripe never keeps under a key. */
export const NEVER_KEPT: readonly number[] = [401, 409, 429]

/** One request as the comparison of repeats sees it. */
export interface KeyedRequest {
  readonly key: string
  readonly path: string
  /** The parameters in one canonical text. */
  readonly params: string
  readonly requestId: string
}

interface Entry extends KeyedRequest {
  readonly firstUsedMs: number
  /** Undefined while the first request is running. */
  answer: Answer | undefined
}

export type Repeat = { kind: 'first' } | { kind: 'replay'; answer: Answer; originalRequestId: string }

/** The idempotency keys of one account. */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: VendorClock

  constructor(clock: VendorClock) {
    this.#clock = clock
  }

  /** Opens the key for a first request, or says what a repeat gets. Refuses misuse and a repeat that comes too early. */
  open(request: KeyedRequest): Repeat {
    const { key } = request
    if (key.length > MAX_KEY_CHARACTERS)
      throw misused(`Idempotency keys may be at most ${MAX_KEY_CHARACTERS} characters.`)
    const entry = this.#unexpired(key)
    if (entry === undefined) {
      this.#entries.set(key, { ...request, firstUsedMs: this.#clock.nowMs(), answer: undefined })
      return { kind: 'first' }
    }
    if (entry.path !== request.path) {
      throw misused(
        `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${entry.path}' vs '${request.path}'). Try using a key other than '${key}' if you meant to execute a different request.`,
      )
    }
    if (entry.params !== request.params) {
      throw misused(
        `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      )
    }
    if (entry.answer === undefined) throw inUse()
    return { kind: 'replay', answer: entry.answer, originalRequestId: entry.requestId }
  }

  /** The first request has ended: its answer is what repeats get, unless it is of a kind that is never kept. */
  close(key: string, answer: Answer, begun: boolean): void {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.answer !== undefined) return
    if (begun && !NEVER_KEPT.includes(answer.status)) entry.answer = answer
    else this.#entries.delete(key)
  }

  #unexpired(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    const keptMs = entry?.path.startsWith('/v2/') === true ? V2_KEPT_MS : KEPT_MS
    if (entry?.answer === undefined || this.#clock.nowMs() - entry.firstUsedMs < keptMs) return entry
    this.#entries.delete(key)
    return undefined
  }
}

function misused(message: string): StripeRefusal {
  return new StripeRefusal(400, { type: 'idempotency_error', message }, false)
}

/** Type and code as seen from Stripe: `invalid_request_error`, not `idempotency_error`. */
function inUse(): StripeRefusal {
  const message =
    'There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through). Please try again later.'
  return new StripeRefusal(409, { type: 'invalid_request_error', code: 'idempotency_key_in_use', message }, false)
}
