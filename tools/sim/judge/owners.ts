import type { CallId, Nonce } from '../../../contract/ids.ts'
import type { CallRow, KeyRow, RepairAnswer, SendRef } from '../../../store/store.ts'
import type { Breach } from './breach.ts'

export interface OwnersOptions {
  readonly state: { readonly keys: ReadonlyMap<unknown, KeyRow> }
  readonly onBreach: (breach: Breach) => void
}

/**
 * Whoever was told last to send a call that may be sent once must be let: none that it has replaced may have marked it, or
 * given its money back. Says nothing once the store has lost something, when what was told last may be gone.
 */
export class OwnersJudge {
  readonly #options: OwnersOptions
  /** By whom each call is to be sent that has not been marked since. */
  readonly #owners = new Map<CallId, Nonce>()
  readonly #marked = new Set<CallId>()
  #isStoreWhole = true

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  storeLost(): void {
    this.#isStoreWhole = false
  }

  /** A ledger is to let a call out, and its store has not said that it keeps what it acknowledges. */
  askedUnsure(what: string): void {
    this.#options.onBreach({
      kind: 'lost',
      message: `a ledger asks to ${what} of a store that may lose what it acknowledges`,
    })
  }

  owns(callId: CallId, nonce: Nonce): void {
    this.#owners.set(callId, nonce)
  }

  /** A call that may be sent once and never was needs nobody to look for it at its vendor. */
  asksPerson({ callId, repeat }: CallRow): void {
    if (repeat.kind !== 'never' || this.#marked.has(callId) || !this.#isStoreWhole) return
    this.#options.onBreach({ kind: 'stuck', message: `a person is asked about ${callId}, which surely was never sent` })
  }

  /** The reaper looks only at what its owner has left. */
  repaired(callId: CallId, { status }: RepairAnswer): void {
    if (status !== 'LIVE') this.#owners.delete(callId)
    if (status === 'SEND' && this.#isStoreWhole && this.#statuses.includes('revoked')) {
      this.#options.onBreach({ kind: 'after_revoke', message: `${callId} was sent again although its key is revoked` })
    }
  }

  /** Of the run's one key. */
  get #statuses(): string[] {
    return [...this.#options.state.keys.values()].map(({ status }) => status)
  }

  marked({ callId, nonce }: SendRef, answer: 'marked' | 'refused'): void {
    const areKeysActive = this.#statuses.every((status) => status === 'active')
    if (answer === 'marked') this.#marked.add(callId)
    if (answer === 'marked' && !areKeysActive && this.#isStoreWhole) {
      this.#options.onBreach({ kind: 'after_revoke', message: `${callId} may be sent although its key is not active` })
    }
    if (this.#owners.get(callId) !== nonce) return
    this.#owners.delete(callId)
    if (answer === 'marked' || !this.#isStoreWhole || !areKeysActive) return
    this.#options.onBreach({
      kind: 'wrong_refusal',
      message: `the newest owner of ${callId} may not send it: one that it had replaced has, or has given its money back`,
    })
  }
}
