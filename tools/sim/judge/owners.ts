import type { CallId, Nonce } from '../../../contract/ids.ts'
import type { KeyRow, RepairAnswer, SendRef } from '../../../store/store.ts'
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
  #isStoreWhole = true

  constructor(options: OwnersOptions) {
    this.#options = options
  }

  storeLost(): void {
    this.#isStoreWhole = false
  }

  owns(callId: CallId, nonce: Nonce): void {
    this.#owners.set(callId, nonce)
  }

  /** The reaper looks only at what its owner has left. */
  repaired(callId: CallId, { status }: RepairAnswer): void {
    if (status !== 'LIVE') this.#owners.delete(callId)
  }

  marked({ callId, nonce }: SendRef, answer: 'marked' | 'refused'): void {
    if (this.#owners.get(callId) !== nonce) return
    this.#owners.delete(callId)
    const areKeysActive = [...this.#options.state.keys.values()].every(({ status }) => status === 'active')
    if (answer === 'marked' || !this.#isStoreWhole || !areKeysActive) return
    this.#options.onBreach({
      kind: 'wrong_refusal',
      message: `the newest owner of ${callId} may not send it: one that it had replaced has, or has given its money back`,
    })
  }
}
