import type { AuditEvent } from '../../../contract/audit.ts'
import type { Effect } from '../parts/vendor.ts'
import type { Breach } from './breach.ts'
import type { Contents } from './contents.ts'

export interface NamedCallsOptions {
  readonly contents: Contents
  /** The Pods have no index: they share nothing but the queue that they take their work from. */
  readonly isWorkQueue: boolean
  /** Of a work queue, and where restarts in place are kept. */
  readonly needsNamedKeys: boolean
  readonly onBreach: (breach: Breach) => void
}

/** What only a call that has no name is refused for. */
const NOT_OF_NAMED = ['idempotency_key_required', 'restart_needs_named_key', 'ambiguous_repeat', 'replay_divergence']

/**
 * Where nothing but a key tells a repeat from a new call, none is charged without one, and what has one is not refused as
 * if it had none. And in a work queue no Pod is too old to ask.
 */
export class NamedCallsJudge {
  readonly #options: NamedCallsOptions

  constructor(options: NamedCallsOptions) {
    this.#options = options
  }

  effect({ customer, key }: Pick<Effect, 'customer' | 'key'>): void {
    const { contents, needsNamedKeys, onBreach } = this.#options
    const named = contents.namedKeyOf(customer)
    if (named !== null && key !== null && key !== named) {
      const message = `the vendor got the key ${key} for ${customer}, the app had named it ${named}`
      onBreach({ kind: 'duplicates', message })
    }
    if (!needsNamedKeys || contents.isNamed(customer) || !contents.isPaid(customer)) return
    const message = `${customer} was charged without a key that names the call, so nothing tells its repeat`
    onBreach({ kind: 'duplicates', message })
  }

  /** The record says index and Pod: that of a queue has Pods only, and each has called whom it says. */
  recorded(events: readonly AuditEvent[], isCaller: (customer: string, podUid: string) => boolean): void {
    const { contents, isWorkQueue, onBreach } = this.#options
    for (const event of events) {
      if (event.event !== 'call.reserved') continue
      const { podUid, index } = event.actor
      const customer = contents.customerOf(event.call.digest)
      if (podUid !== null && isCaller(customer, podUid) && (index === null) === isWorkQueue) continue
      const message = `the record has a call to ${customer} by Pod ${podUid} of index ${index}, which made none`
      onBreach({ kind: 'lost', message })
    }
  }

  failed(customer: string, how: string): void {
    const { contents, needsNamedKeys, isWorkQueue, onBreach } = this.#options
    const wrong = isWorkQueue ? [...NOT_OF_NAMED, 'stale_attempt'] : NOT_OF_NAMED
    if (!needsNamedKeys || !contents.isNamed(customer) || !wrong.some((code) => how.includes(code))) return
    onBreach({ kind: 'wrong_refusal', message: `a named call to ${customer} was refused: ${how}` })
  }
}
