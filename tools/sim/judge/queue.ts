import type { AuditEvent } from '../../../contract/audit.ts'
import type { Effect } from '../parts/vendor.ts'
import type { Breach } from './breach.ts'
import type { Contents } from './contents.ts'

export interface QueueOptions {
  readonly contents: Contents
  /** The Pods have no index: they share nothing but the queue that they take their work from. */
  readonly isWorkQueue: boolean
  readonly onBreach: (breach: Breach) => void
}

/** What only a call that has no name, or a Pod that has an index and a successor at it, is refused for. */
const NOT_OF_NAMED = ['idempotency_key_required', 'stale_attempt', 'ambiguous_repeat', 'replay_divergence']

/** In a work queue nothing but a key tells who means what: none is charged without one, and no Pod is too old to ask under one. */
export class QueueJudge {
  readonly #options: QueueOptions

  constructor(options: QueueOptions) {
    this.#options = options
  }

  effect({ customer, key }: Pick<Effect, 'customer' | 'key'>): void {
    const { contents, isWorkQueue, onBreach } = this.#options
    const named = contents.namedKeyOf(customer)
    if (named !== null && key !== null && key !== named) {
      const message = `the vendor got the key ${key} for ${customer}, the app had named it ${named}`
      onBreach({ kind: 'duplicates', message })
    }
    if (!isWorkQueue || contents.isNamed(customer) || !contents.isPaid(customer)) return
    const message = `${customer} was charged in a work queue without a key that names the call, so nothing tells its repeat`
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
    const { contents, isWorkQueue, onBreach } = this.#options
    if (!isWorkQueue || !contents.isNamed(customer) || !NOT_OF_NAMED.some((code) => how.includes(code))) return
    onBreach({ kind: 'wrong_refusal', message: `a named call to ${customer} in a work queue was refused: ${how}` })
  }
}
