import { expect } from 'chai'
import type { AuditEvent } from '../../../contract/audit.ts'
import { asJobUid, type CallId } from '../../../contract/ids.ts'
import { runAccount, runDayAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { DAY_MS, LEASE_MS, NEVER, type OpenStore, type PodsCaller, Stage, seenFact, usd } from '../stage.ts'

type Step = (party: Party) => Promise<void>

/** Calls of a dollar each: two are out. The day has room for one more, and for two once raised; the run for two, and for none once lowered. */
const TERMS = { capUsdMicros: usd(4), dailyCapUsdMicros: usd(3) }
const RAISED: S.Limits = { dailyCapUsdMicros: usd(4) }
const LOWERED: S.Limits = { capUsdMicros: usd(2) }

/** What one of the two callers does: one step of the store after the other, between which the other caller may do its own. */
export const OPERATIONS: Readonly<Record<string, readonly Step[]>> = {
  reserve: [(party) => party.ask(`new of ${party.name}`), (party) => party.settleOwn()],
  repeat: [(party) => party.ask('shared'), (party) => party.settleOwn()],
  settle: [({ run }) => run.settle(run.shared)],
  release: [({ run }) => run.release(run.shared)],
  doubt: [({ run }) => run.doubt(run.shared)],
  takeover: [(party) => party.takeOver(), (party) => party.settleOwn()],
  'takeover in vain': [(party) => party.takeOver(), (party) => party.releaseOwn()],
  acknowledge: [({ run }) => run.acknowledge()],
  mark: [(party) => party.mark(), (party) => party.settleOwn()],
  revoke: [({ run }) => run.revoke()],
  raise: [({ run }) => run.limit(RAISED)],
  lower: [({ run }) => run.limit(LOWERED)],
  'day change': [async ({ run }) => run.stage.clock.pass(DAY_MS)],
  continue: [({ run }) => run.end(), (party) => party.continueRun()],
}

/** Two callers of one run, in every order that their steps can have; each judged by what must hold whatever the order. */
export function suiteOfInterleavings(open: OpenStore): void {
  const names = Object.keys(OPERATIONS)
  let stage: Stage
  beforeEach(async () => {
    stage = await Stage.open(open)
  })
  afterEach(() => stage.store.close())

  for (const [at, x] of names.entries()) {
    for (const y of names.slice(at)) {
      it(`${x} and ${y}, in every order and at once`, () => allOrders(stage, x, y))
    }
  }
}

/** Throws at the first order that breaks a promise, and names it. */
export async function allOrders(stage: Stage, x: string, y: string): Promise<void> {
  const [ofX = [], ofY = []] = [OPERATIONS[x], OPERATIONS[y]]
  for (const [at, order] of ordersOf(ofX.length, ofY.length).entries()) {
    const run = await TwoCallers.open(stage, `job-${at}`)
    const parties = { x: new Party(run, 'x'), y: new Party(run, 'y') }
    const left = { x: ofX.values(), y: ofY.values() }
    for (const who of order) {
      await left[who].next().value?.(parties[who])
      await run.check().catch((fault: unknown) => {
        throw new Error(`in the order ${order.join(' ')}: ${String(fault)}`, { cause: fault })
      })
    }
  }
  const run = await TwoCallers.open(stage, 'job-at-once')
  const all = async (steps: readonly Step[], party: Party) => {
    for (const step of steps) await step(party)
  }
  run.isAtOnce = true
  await Promise.all([all(ofX, new Party(run, 'x')), all(ofY, new Party(run, 'y'))])
  await run.check()
}

type Order = readonly ('x' | 'y')[]

function ordersOf(ofX: number, ofY: number): readonly Order[] {
  if (ofX === 0 || ofY === 0) return [[...Array<'x'>(ofX).fill('x'), ...Array<'y'>(ofY).fill('y')]]
  return [
    ...ordersOf(ofX - 1, ofY).map((rest): Order => ['x', ...rest]),
    ...ordersOf(ofX, ofY - 1).map((rest): Order => ['y', ...rest]),
  ]
}

/** A run with two calls out, and what must be true of it after every step. */
class TwoCallers {
  readonly stage: Stage
  readonly job: string
  readonly caller: PodsCaller
  /** Of a vendor that may be asked again. */
  shared!: S.SendRef
  /** Of one that must not; not marked yet. */
  unmarked!: S.SendRef
  /** Steps overlap, so what held before one of them is not known. */
  isAtOnce = false
  isRevoked = false
  readonly #reserved = new Map<CallId, S.CallRow>()
  readonly #effects = new Set<CallId>()
  /** Sends that may have left, and of which nobody has said that they did not. */
  readonly #out = new Map<CallId, Set<S.SendRef['nonce']>>()

  readonly #leaseEndsMs = new Map<CallId, number>()

  constructor(stage: Stage, job: string, caller: PodsCaller) {
    this.stage = stage
    this.job = job
    this.caller = caller
  }

  static async open(stage: Stage, job: string): Promise<TwoCallers> {
    const plan = { job, terms: TERMS, expiresAtMs: null }
    const run = new TwoCallers(stage, job, await stage.pod(`pod of ${job}`, plan))
    for (const [name, repeat] of [
      ['shared', undefined],
      ['unmarked', NEVER],
    ] as const) {
      const { call, ref } = await stage.send(run.caller, { content: name, ...(repeat === undefined ? {} : { repeat }) })
      run[name] = ref
      run.#reserved.set(call.callId, call)
      if (repeat === undefined) run.sends(ref)
    }
    return run
  }

  get account(): string {
    return runAccount(this.caller.runUid)
  }

  /** Whether somebody may be sending it at this moment. */
  async isOwned({ callId }: S.SendRef): Promise<boolean> {
    const { state } = await this.stage.call(callId)
    return (state === 'reserved' || state === 'sent') && this.stage.clock.nowMs() < (this.#leaseEndsMs.get(callId) ?? 0)
  }

  async admitted({ call, isNew }: Extract<S.NumberAnswer, { status: 'SEND' }>, before: S.KeyRow): Promise<void> {
    const known = this.#reserved.get(call.callId)
    // The same record once more, only for a new owner: nobody is handed what another still holds.
    if (known !== undefined) expect(call.epoch, 'epoch of a record sent again').to.be.greaterThan(known.epoch)
    this.#reserved.set(call.callId, call)
    if (this.isAtOnce || !isNew) return
    expect(this.isRevoked, 'admitted after the key was revoked').to.equal(false)
    const day = new Date(this.stage.clock.nowMs()).toISOString().slice(0, 10)
    const levels = [
      [this.account, before.capUsdMicros],
      [runDayAccount(this.caller.runUid, day), before.dailyCapUsdMicros],
    ] as const
    for (const [account, limit] of levels) {
      const { spentUsdMicros, reservedUsdMicros } = await this.stage.store.balance(account)
      expect(spentUsdMicros + reservedUsdMicros, `${account} at an admission`).to.be.at.most(limit ?? 0)
    }
  }

  sends({ callId, nonce }: S.SendRef): void {
    this.#leaseEndsMs.set(callId, this.stage.clock.nowMs() + LEASE_MS)
    const out = this.#out.get(callId) ?? new Set()
    this.#out.set(callId, out.add(nonce))
  }

  async settle(ref: S.SendRef): Promise<void> {
    await this.stage.settle(ref)
    this.#effects.add(ref.callId)
  }

  async release(ref: S.SendRef): Promise<void> {
    this.#out.get(ref.callId)?.delete(ref.nonce)
    await this.stage.notSent(ref)
  }

  async doubt(ref: S.SendRef): Promise<void> {
    await this.stage.unknown(ref)
  }

  async acknowledge(): Promise<void> {
    const { store } = this.stage
    const recorded = await store.recordSeen(this.caller.pod, store.historyId, [seenFact('shared', 1)])
    expect(recorded).to.equal('recorded')
  }

  async revoke(): Promise<void> {
    expect((await this.stage.store.revokeKey(this.caller.keyId))?.key.status).to.equal('revoked')
    this.isRevoked = true
  }

  async limit(limits: S.Limits): Promise<void> {
    await this.stage.store.setLimits(this.caller.keyId, limits)
    if (!this.isAtOnce) expect(await this.key()).to.include(limits)
  }

  async end(): Promise<void> {
    await this.stage.store.endJob(this.caller.runUid, asJobUid(this.job))
  }

  async key(): Promise<S.KeyRow> {
    const key = await this.stage.store.findKey(this.caller.keyId)
    if (key === undefined) throw new Error('the key is gone')
    return key
  }

  async check(): Promise<void> {
    const { store } = this.stage
    const calls = await Promise.all([...this.#reserved.keys()].map((callId) => this.stage.call(callId)))
    for (const call of calls) this.#checkCall(call)
    // The record tells the same money as the records, and both the same as the balances.
    const events = (await this.stage.events()).filter(({ actor }) => actor.runUid === this.caller.runUid)
    const told = moneyTold(events)
    for (const { callId, spentUsdMicros, reservedUsdMicros } of calls) {
      const { spent, reserved } = told.get(callId) ?? { spent: 0, reserved: 0 }
      expect([spent, reserved], `told of ${callId}`).to.deep.equal([spentUsdMicros, reservedUsdMicros])
    }
    expect([...told.keys()].toSorted(), 'calls told of').to.deep.equal(calls.map(({ callId }) => callId).toSorted())
    for (const account of new Set(calls.flatMap(({ accounts }) => accounts))) {
      if (!account.startsWith(this.account)) continue
      const counted = calls.filter(({ accounts }) => accounts.includes(account))
      const sum = (of: 'spentUsdMicros' | 'reservedUsdMicros') => counted.reduce((total, call) => total + call[of], 0)
      const sums = { spentUsdMicros: sum('spentUsdMicros'), reservedUsdMicros: sum('reservedUsdMicros') }
      expect(await store.balance(account), account).to.deep.equal(sums)
    }
  }

  #checkCall(call: S.CallRow): void {
    const { callId, state, spentUsdMicros, reservedUsdMicros, open, accounts } = call
    const isHeld = state === 'reserved' || state === 'sent' || state === 'in_doubt'
    expect(reservedUsdMicros, `reserved of a call ${state}`).to.equal(isHeld ? usd(1) : 0)
    // A definite answer with an effect is booked, once and for good, whatever became of its owner.
    const isEffect = this.#effects.has(callId)
    expect([state === 'settled', spentUsdMicros], `an effect: ${isEffect}`).to.deep.equal([
      isEffect,
      isEffect ? usd(1) : 0,
    ])
    if (!isHeld) expect(open, `sends that are out of a call ${state}`).to.deep.equal([])
    if (state === 'released') expect([...(this.#out.get(callId) ?? [])], 'out of a call released').to.deep.equal([])
    // The day of a reservation stays its own.
    expect(accounts, 'accounts').to.deep.equal(this.#reserved.get(callId)?.accounts)
  }
}

/** One of the two, with the send that it owns, if any. */
class Party {
  readonly run: TwoCallers
  readonly name: string
  #own: S.SendRef | undefined

  constructor(run: TwoCallers, name: string) {
    this.run = run
    this.name = name
  }

  async ask(content: string): Promise<void> {
    const { stage, caller, shared, isAtOnce } = this.run
    const before = await this.run.key()
    const isOwned = await this.run.isOwned(shared)
    const request = stage.request(caller, { content })
    const answer = await stage.store.number(request)
    if (answer.status !== 'SEND') return
    await this.run.admitted(answer, before)
    const { callId, epoch, gen } = answer.call
    if (!isAtOnce) expect(isOwned && callId === shared.callId, 'handed out while another owns it').to.equal(false)
    this.#own = { callId, epoch, gen, nonce: request.send.nonce }
    this.run.sends(this.#own)
  }

  async settleOwn(): Promise<void> {
    if (this.#own !== undefined) await this.run.settle(this.#own)
  }

  async releaseOwn(): Promise<void> {
    if (this.#own !== undefined) await this.run.release(this.#own)
  }

  async mark(): Promise<void> {
    const { stage, unmarked, isRevoked, isAtOnce } = this.run
    const marked = await stage.mark(unmarked)
    if (marked === 'marked') {
      if (!isAtOnce) expect(isRevoked, 'marked after the key was revoked').to.equal(false)
      this.#own = unmarked
      this.run.sends(unmarked)
    }
  }

  /** The owner's lease is over. */
  async takeOver(): Promise<void> {
    const { stage, shared, isRevoked, isAtOnce } = this.run
    const before = await stage.call(shared.callId)
    stage.clock.pass(LEASE_MS + 1)
    const nonce = stage.nonce() as S.SendRef['nonce']
    const { status, call } = await stage.repair(shared.callId, nonce)
    if (status !== 'SEND') return
    if (!isAtOnce) expect(isRevoked, 'taken over after the key was revoked').to.equal(false)
    expect(call.epoch, 'epoch of a takeover').to.be.greaterThan(before.epoch)
    this.#own = { ...shared, epoch: call.epoch, gen: call.gen, nonce }
    this.run.sends(this.#own)
  }

  async continueRun(): Promise<void> {
    const { stage, job } = this.run
    const plan = { job: `${job} again by ${this.name}`, continues: job, expiresAtMs: null }
    await stage.exchange(`pod of ${plan.job}`, { ...plan, terms: TERMS })
  }
}

/** What the events alone say of each call's money. Throws where one is settled twice. */
function moneyTold(events: readonly AuditEvent[]): ReadonlyMap<CallId, { spent: number; reserved: number }> {
  const told = new Map<CallId, { spent: number; reserved: number }>()
  for (const event of events) {
    if (event.event === 'call.reserved') told.set(event.call.callId, { spent: 0, reserved: event.reservedUsdMicros })
    if (event.event === 'call.released') told.set(event.call.callId, { spent: 0, reserved: 0 })
    if (event.event !== 'call.settled') continue
    expect(told.get(event.call.callId)?.spent, 'spent before a settlement').to.equal(0)
    told.set(event.call.callId, { spent: event.spentUsdMicros, reserved: 0 })
  }
  return told
}
