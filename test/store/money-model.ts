import { expect } from 'chai'
import type { CallId } from '../../contract/ids.ts'
import { MAX_USD_MICROS } from '../../contract/money.ts'
import type * as S from '../../store/store.ts'

interface ModelCall {
  accounts: readonly string[]
  reserved: number
  spent: number
  isResolved: boolean
  hasEffect: boolean
  epoch: number
  /** Sends that may have left and of which nothing definite is known. */
  open: Set<string>
}

/** The money of all calls by the simplest arithmetic there is: sums over a list, nothing carried along. */
export class MoneyModel {
  readonly calls = new Map<CallId, ModelCall>()
  readonly #shares = new Map<string, { callId: CallId; amount: number }[]>()
  readonly #givenBack = new Set<string>()

  /** Spent and reserved of every account that was ever counted in. */
  sums(): ReadonlyMap<string, { spent: number; reserved: number }> {
    const sums = new Map<string, { spent: number; reserved: number }>()
    for (const { accounts, spent, reserved } of this.calls.values()) {
      for (const account of accounts) {
        const before = sums.get(account) ?? { spent: 0, reserved: 0 }
        sums.set(account, { spent: before.spent + spent, reserved: before.reserved + reserved })
      }
    }
    return sums
  }

  countedOf(object: string | null): number {
    return (this.#shares.get(object ?? '') ?? []).reduce((sum, { amount }) => sum + amount, 0)
  }

  /** What a new call has to fit in: micro-dollars, and the room of each of its levels. */
  amountOf(total: number, object: string | null): number {
    return Math.max(0, total - this.countedOf(object))
  }

  hasRoom(amount: number, account: string, limit: number | null): boolean {
    const { spent, reserved } = this.sums().get(account) ?? { spent: 0, reserved: 0 }
    return amount === 0 || spent + reserved + amount <= (limit ?? MAX_USD_MICROS)
  }

  reserves(call: S.CallRow, expected: { readonly amount: number; readonly accounts: readonly string[] }): void {
    expect(call.reservedUsdMicros, 'reserved').to.equal(expected.amount)
    expect(call.accounts, 'accounts').to.deep.equal(expected.accounts)
    const { amount: reserved, accounts } = expected
    const { epoch, open } = call
    this.calls.set(call.callId, {
      accounts,
      reserved,
      spent: 0,
      isResolved: false,
      hasEffect: false,
      epoch,
      open: new Set(open),
    })
  }

  sendsAgain(call: S.CallRow): void {
    const known = this.#call(call.callId)
    expect(call.epoch, 'a new owner').to.be.greaterThan(known.epoch)
    expect(call.reservedUsdMicros, 'a takeover keeps its reservation').to.equal(known.reserved)
    known.epoch = call.epoch
    for (const nonce of call.open) known.open.add(nonce)
  }

  marked({ callId, nonce }: S.SendRef): void {
    this.#call(callId).open.add(nonce)
  }

  reported({ callId, nonce, epoch }: S.SendRef, outcome: S.SendOutcome, answer: S.ReportAnswer): void {
    const call = this.#call(callId)
    if (outcome.kind !== 'unknown') call.open.delete(nonce)
    // Truth wins: an effect that shows itself after an answer without one is booked too.
    if (outcome.kind === 'definite' && (!call.isResolved || (outcome.answer.hasEffect && !call.hasEffect))) {
      expect(answer.status, 'a definite answer settles').to.equal('settled')
      this.#settles(callId, call, outcome.answer)
    }
    if (answer.status === 'released') {
      expect([call.open.size, epoch], 'released only by the owner, with nothing open').to.deep.equal([0, call.epoch])
      call.reserved = 0
    }
  }

  released(callId: CallId): void {
    const call = this.#call(callId)
    expect(call.open.size, 'released without a report only if never sent').to.equal(0)
    call.reserved = 0
  }

  #settles(callId: CallId, call: ModelCall, answer: S.DefiniteAnswer): void {
    const { hasEffect, totalUsdMicros, object, givesBack } = answer
    call.isResolved = true
    call.hasEffect = hasEffect
    call.reserved = 0
    call.open.clear()
    if (!hasEffect) return
    call.spent = this.#spentOn(totalUsdMicros, object)
    if (object !== null) this.#shares.set(object, [...(this.#shares.get(object) ?? []), { callId, amount: call.spent }])
    if (givesBack === null) return
    for (const share of this.#shares.get(givesBack) ?? []) this.#call(share.callId).spent -= share.amount
    this.#shares.delete(givesBack)
    this.#givenBack.add(givesBack)
  }

  /** What is known of an object after its dollars went back costs nothing. */
  #spentOn(total: number, object: string | null): number {
    return this.#givenBack.has(object ?? '') ? 0 : this.amountOf(total, object)
  }

  #call(callId: CallId): ModelCall {
    const call = this.calls.get(callId)
    if (call === undefined) throw new Error(`${callId} was never reserved`)
    return call
  }
}
