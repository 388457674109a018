import type { CallRow } from '../../../store/call-row.ts'
import type { NumberAnswer, NumberRequest, RevokeAnswer } from '../../../store/store.ts'
import type { Effect } from '../parts/vendor.ts'
import type { CallPlan } from '../plan/plan.ts'
import { isUnresolved } from '../store/memory-tables.ts'
import type { BreachKind } from './breach.ts'
import { CapsJudge, type CapsOptions } from './caps.ts'
import { effectsOn } from './contents.ts'
import { ModelsJudge, type ModelsOptions } from './models.ts'
import { NamedCallsJudge, type NamedCallsOptions } from './named-calls.ts'
import { OwnersJudge } from './owners.ts'
import { ToldJudge, type ToldOptions } from './told.ts'

export interface JudgeOptions extends CapsOptions, ModelsOptions, NamedCallsOptions, ToldOptions {
  /** Whether the policy allowed it at a moment that a ledger may still act by. */
  readonly allowsStripe: () => boolean
  /** The policy prefers an old answer to a failed app where it cannot be known which call is meant. */
  readonly maySwallow: boolean
  /** The store answers whenever it is asked, so what an app reads must be settled by then. */
  readonly isStoreSteady: boolean
  /** Nothing of ours ever ends or stands still, and no app makes two calls at once. */
  readonly isCalm: boolean
  readonly nowMs: () => number
  /** Each request that reaches a vendor is answered in time. */
  readonly doVendorsAnswer: boolean
}

/**
 * Holds what happens against the promises, by the vendors' truth and the apps' own memory. What a call is worth and who
 * it is for it knows from the plan; of the books it only reads which calls still count.
 */
export class Judge {
  readonly caps: CapsJudge
  readonly owners: OwnersJudge
  readonly models: ModelsJudge
  readonly told: ToldJudge
  readonly #namedCalls: NamedCallsJudge
  readonly #options: JudgeOptions
  /** attempt → customer → successes that its app was handed. */
  readonly #read = new Map<string, Map<string, number>>()
  /** Customer → Pods whose apps have called it. */
  readonly #callers = new Map<string, Set<string>>()
  readonly #failures = new Set<string>()
  readonly #walked = new Set<string>()
  /** Calls that DELETE named, once it has answered; how many effects of each customer may still come. */
  #spared: Map<string, number> | null = null
  #revokedAtMs = 0
  #isRevoked = false
  #walksAgain = false
  /** Keys under which a vendor keeps a failure that a person has looked at. */
  readonly #spentKeys = new Set<string>()
  /** What was given back, and is counted still, because a person's word is all that there is of it. Micro-dollars. */
  #keptUsdMicros = 0
  /** Keys under which a vendor gave a decline again while all walk once more. */
  readonly #newlyHeard = new Set<string>()

  constructor(options: JudgeOptions) {
    this.#options = options
    this.caps = new CapsJudge(options)
    this.owners = new OwnersJudge(options)
    this.models = new ModelsJudge(options)
    this.told = new ToldJudge(options)
    this.#namedCalls = new NamedCallsJudge(options)
  }

  revoked(): void {
    this.#isRevoked = true
  }

  /** The operator has read the answer of DELETE. */
  revokeAnswered({ inFlight }: RevokeAnswer): void {
    this.#spared = new Map()
    this.#revokedAtMs = this.#options.nowMs()
    for (const { callId } of inFlight) {
      const customer = this.caps.customerOf(callId) ?? ''
      this.#spared.set(customer, (this.#spared.get(customer) ?? 0) + 1)
    }
  }

  /**
   * What nobody was told of may be gone. And a store that has lost a revocation admits calls until the journals are merged
   * into it; no ledger may send them, and the vendors' truth says whether one did.
   */
  storeLost(): void {
    this.#isRevoked = false
    this.caps.storeLost()
    this.owners.storeLost()
  }

  tried(pod: string, call: CallPlan): void {
    const callers = this.#callers.get(call.customer) ?? new Set()
    this.#callers.set(call.customer, callers.add(pod))
    this.models.tried(pod, call.customer)
    this.told.tried(call)
  }

  succeeded(attempt: string, { customer }: CallPlan): void {
    const counts = this.#read.get(attempt) ?? new Map<string, number>()
    counts.set(customer, (counts.get(customer) ?? 0) + 1)
    this.#read.set(attempt, counts)
    if (!this.#options.maySwallow && this.mostRead(customer) > this.#effectsOf(customer)) {
      this.#breach(
        'lost',
        `an app read ${this.mostRead(customer)} successes of ${customer}, there are ${this.#effectsOf(customer)} effects`,
      )
    }
    if (!this.#options.maySwallow && this.#options.isStoreSteady) this.#judgeSettled(customer)
  }

  /** A replacement Pod must be able to replay what an app has read. */
  #judgeSettled(customer: string): void {
    const settled = this.#rowsOf(customer).filter(({ state, hasEffect }) => state === 'settled' && hasEffect).length
    const read = this.mostRead(customer)
    if (settled < read) this.#breach('lost', `an app read ${read} successes of ${customer}, ${settled} are settled`)
  }

  failed(attempt: string, { customer }: CallPlan, how: string): void {
    if (how.includes('replay_divergence') && this.#options.isCalm && this.#hasReadAll(attempt, customer)) {
      this.#breach('wrong_refusal', `a call to ${customer} was taken for a repeat, although all before it were read`)
    }
    if (how.includes('outcome_unknown') && this.#options.areLedgersSteady && this.#options.doVendorsAnswer) {
      this.#breach(
        'wrong_refusal',
        `what became of a call to ${customer} is said to be unknown, and its vendor is at it`,
      )
    }
    // Only the network makes copies, and their answers are nobody's.
    if (how.includes('stale_request')) this.#breach('wrong_refusal', `a call to ${customer} was taken for a late copy`)
    if (how.includes('credential_invalid')) {
      this.#breach('wrong_refusal', `a call to ${customer} is refused as if its Pod had no credential of a ledger`)
    }
    this.#namedCalls.failed(customer, how)
    this.#failures.add(`${attempt} ${customer}`)
  }

  /** Whoever called the customer was answered, and that was this attempt: an app that was killed may have a call out. */
  #hasReadAll(attempt: string, customer: string): boolean {
    if ((this.#callers.get(customer)?.size ?? 0) > 1) return false
    const isWithoutFailure = ![...this.#failures].some((failure) => failure.endsWith(` ${customer}`))
    return isWithoutFailure && (this.#read.get(attempt)?.get(customer) ?? 0) === this.#effectsOf(customer)
  }

  /** The app has walked through all that it meant to do, and ended well. */
  walked(attempt: string): void {
    this.#walked.add(attempt)
  }

  declined({ customer }: CallPlan): void {
    if (this.#walksAgain) this.#judgeDecline(customer)
  }

  /** From now on no vendor declines anything. */
  walksAgain(): void {
    this.#walksAgain = true
  }

  /** A person found that the call has no effect, though the vendor saved its failure. */
  foundWithoutEffect({ vendorKey, namedKey, isFailureSaved }: CallRow): void {
    if (isFailureSaved && namedKey === null && vendorKey !== null) this.#spentKeys.add(vendorKey)
  }

  /** A person found that the call has its effect. */
  foundWithEffect({ digest }: CallRow): void {
    const { contents } = this.#options
    const payer = contents.givenBackTo(contents.customerOf(digest))
    if (payer !== undefined) this.#keptUsdMicros += contents.usdMicrosOf(payer)
  }

  /** A vendor gave a failure again that it keeps under this key. */
  failedAgain(vendorKey: string): void {
    if (this.#spentKeys.has(vendorKey))
      this.#breach('stuck', `a call was made again under ${vendorKey}, which can only bring its old failure`)
  }

  /** A decline that nobody had heard of before is no old one, whenever the vendor made it. */
  declinedAgain(vendorKey: string): void {
    if (this.#walksAgain) this.#newlyHeard.add(vendorKey)
  }

  /** M7: a decline stands for a later attempt only where its scope went on after it, and under a named key. */
  #judgeDecline(customer: string): void {
    const [row, ...others] = this.#rowsOf(customer).filter(({ answerStatus }) => answerStatus === 402)
    if (row !== undefined && this.#newlyHeard.has(row.vendorKey ?? '')) return
    // Of several, the app does not say which one it has read.
    if (row === undefined || others.length > 0 || row.namedKey !== null) return
    const ofScope = [...this.#options.state.calls.values()].filter(({ scope }) => scope === row.scope)
    const isNewest = ofScope.every(
      ({ createdOrder, state }) => createdOrder <= row.createdOrder && state !== 'reserved' && state !== 'sent',
    )
    if (isNewest) this.#breach('stuck', `the decline of ${customer} stands for a later attempt`)
  }

  /** The most successes of this content that one attempt has read; one under a named key is the same one again. */
  mostRead(customer: string): number {
    const most = Math.max(0, ...[...this.#read.values()].map((counts) => counts.get(customer) ?? 0))
    return this.#options.contents.isNamed(customer) ? Math.min(1, most) : most
  }

  effect({ customer, vendor, key, askedAtMs }: Effect): void {
    this.#judgeCount(customer)
    this.caps.effect()
    this.told.effect(customer)
    this.#namedCalls.effect({ customer, key })
    if (this.#spared === null) return
    // Booked at its bound when its sender was gone, so that it was over for us, while the model was still writing.
    if (vendor === 'model' && askedAtMs <= this.#revokedAtMs) return
    const left = this.#spared.get(customer) ?? 0
    if (left === 0) this.#breach('after_revoke', `${customer} was charged after DELETE had answered without naming it`)
    this.#spared.set(customer, left - 1)
  }

  #judgeCount(customer: string): void {
    if (this.#options.contents.isOfModel(customer)) {
      this.models.effect(customer)
      return
    }
    const effects = this.#effectsOf(customer)
    const most = this.mostRead(customer)
    if (effects > (this.#options.contents.isNamed(customer) ? 1 : most + 1)) {
      this.#breach(
        'duplicates',
        `${effects} effects of ${customer}, at most ${most} successes were read by one attempt`,
      )
    }
  }

  numbered(request: NumberRequest, answer: NumberAnswer): void {
    if (answer.status === 'REFUSED' && answer.level !== undefined) this.caps.refused(request, answer.level)
    if (answer.status === 'WAIT') this.#judgeWait(request)
    if (answer.status !== 'SEND') return
    this.owners.owns(answer.call.callId, request.send.nonce)
    const { callId } = answer.call
    if (this.#isRevoked) this.#breach('after_revoke', `${callId} was let out although its key is revoked`)
    // What the ledger has just read of the policy, and what the policy has said for a minute.
    const isForbidden = request.endpoint !== null || (request.vendor === 'stripe' && !this.#options.allowsStripe())
    if (isForbidden && !this.#wasInDoubt(callId)) {
      this.#breach('after_revoke', `${callId} was let out although the policy does not allow it any more`)
    }
    this.caps.admitted(request, answer)
  }

  /** Such a call is sent again to learn what became of it, whatever the policy says by now. */
  #wasInDoubt(callId: string): boolean {
    return this.#options.state.events.some(
      ({ event, ...more }) => event === 'call.in_doubt' && 'call' in more && more.call?.callId === callId,
    )
  }

  /** Rule 7: there must be something whose repeat it may be. */
  #judgeWait({ identity }: NumberRequest): void {
    const customer = this.#options.contents.customerOf(identity.digest)
    if (this.#effectsOf(customer) > 0 || this.#rowsOf(customer).some(isUnresolved)) return
    this.#breach(
      'wrong_refusal',
      `a call to ${customer} was told to wait, and none before it had or may have an effect`,
    )
  }

  /** When everything has healed and a person has said of each call in doubt what the vendor knows of it. */
  atEnd(): void {
    const { contents, effects, state } = this.#options
    for (const customer of contents.customers) {
      this.#judgeCount(customer)
      const most = this.mostRead(customer)
      const made = this.#effectsOf(customer)
      if (most > made && !this.#options.maySwallow)
        this.#breach('lost', `${most} successes of ${customer} were read, there are ${made} effects`)
      // Whoever has walked to the end without a failure has read all that was ever meant.
      const isOfModel = contents.isOfModel(customer)
      if (!isOfModel && this.#isAllRead(customer) && made > most) {
        this.#breach('duplicates', `${made} effects of ${customer}, an app that walked to its end meant ${most}`)
      }
      const recorded = this.#settledOf(customer)
      if (recorded < made) this.#breach('lost', `${made} effects of ${customer}, ${recorded} in the record`)
      if (recorded > made && !isOfModel)
        this.#breach('lost', `${recorded} effects of ${customer} in the record, ${made} at the vendor`)
    }
    for (const row of state.calls.values()) {
      if (isUnresolved(row)) {
        this.#breach('stuck', `${row.callId} (${contents.customerOf(row.digest)}) is ${row.state} when all has healed`)
      }
    }
    const truth = effects.reduce((sum, { usdMicros }) => sum + usdMicros, 0)
    this.models.atEnd()
    this.#namedCalls.recorded(state.events, (customer, pod) => this.#callers.get(customer)?.has(pod) === true)
    this.#judgeBooks(truth + this.models.overbookedUsdMicros + this.#keptUsdMicros)
  }

  #isAllRead(customer: string): boolean {
    return [...this.#walked].some((attempt) => {
      const read = this.#read.get(attempt)?.get(customer) ?? 0
      return read > 0 && !this.#failures.has(`${attempt} ${customer}`)
    })
  }

  #judgeBooks(truth: number): void {
    for (const [account, { spentUsdMicros, reservedUsdMicros }] of this.#options.state.accounts) {
      if (reservedUsdMicros !== 0)
        this.#breach('stuck', `${account} still has ${reservedUsdMicros / 1e6} dollars reserved`)
      const isWhole = /^run\/[^/]+$/.test(account)
      if (isWhole && spentUsdMicros !== truth) {
        this.#breach('lost', `${account} says ${spentUsdMicros / 1e6} dollars, the vendors had ${truth / 1e6}`)
      }
    }
    for (const kind of [/^run\/[^/]+\/[^/]+$/, /^policy\/[^/]+\/[^/]+$/]) {
      const sum = [...this.#options.state.accounts]
        .filter(([account]) => kind.test(account))
        .reduce((total, [, { spentUsdMicros }]) => total + spentUsdMicros, 0)
      if (sum !== truth)
        this.#breach(
          'lost',
          `the days of ${kind.source} add up to ${sum / 1e6} dollars, the vendors had ${truth / 1e6}`,
        )
    }
  }

  /** Effects of the customer that the audit log tells of. */
  #settledOf(customer: string): number {
    const settled = new Set<string>()
    for (const event of this.#options.state.events) {
      if (event.event !== 'call.settled' || event.status >= 300) continue
      if (this.#options.contents.customerOf(event.call.digest) === customer) settled.add(event.call.callId)
    }
    return settled.size
  }

  #rowsOf(customer: string): CallRow[] {
    const { contents, state } = this.#options
    return [...state.calls.values()].filter(({ digest }) => contents.customerOf(digest) === customer)
  }

  #effectsOf(customer: string): number {
    return effectsOn(customer, this.#options.effects).length
  }

  #breach(kind: BreachKind, message: string): void {
    this.#options.onBreach({ kind, message })
  }
}
