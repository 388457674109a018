import { expect } from 'chai'
import type { KeyId } from '../../contract/ids.ts'
import {
  namespaceDayAccount,
  policyDayAccount,
  runAccount,
  runDayAccount,
  vendorDayAccount,
} from '../../store/rules/accounts.ts'
import { type Rulebook, rulebookWithout } from '../../store/rules/rulebook.ts'
import type * as S from '../../store/store.ts'
import { MoneyModel } from './money-model.ts'
import {
  DAY_MS,
  definite,
  IDEMPOTENT,
  inMemory,
  micros,
  NEVER,
  type PodsCaller,
  Stage,
  seeded,
  seenFact,
} from './stage.ts'

const STEPS = 2_000
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

interface Out {
  readonly ref: S.SendRef
  readonly repeat: S.Repeat
  readonly object: string | null
}

/** Random steps of several Pods, owners, a reaper and a person, each followed by a comparison with the model. */
class Walk {
  readonly model = new MoneyModel()
  readonly #stage: Stage
  readonly #random: () => number
  readonly #out: Out[] = []
  readonly #limits = new Map<string, number | null>()
  readonly #tally = new Map<string, number>()
  #pods: PodsCaller[] = []
  #jobs = 0
  #dayLimits: S.CapLimit[] = []

  constructor(stage: Stage, random: () => number) {
    this.#stage = stage
    this.#random = random
  }

  get tally(): ReadonlyMap<string, number> {
    return this.#tally
  }

  async step(): Promise<void> {
    if (this.#pods.length < 4) return this.#newRun()
    const dice = this.#random()
    if (dice < 0.5) await this.#ask()
    else if (dice < 0.85) await this.#report()
    else if (dice < 0.9) this.#stage.clock.pass(this.#random() < 0.05 ? DAY_MS : 11_000)
    else if (dice < 0.94) await this.#reap()
    else if (dice < 0.99) await this.#limit()
    else await this.#revoke()
    await this.#compare()
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1)
  }

  async #newRun(): Promise<void> {
    this.#jobs += 1
    const job = `job-${this.#jobs}`
    for (const index of [0, 1]) {
      this.#pods.push(
        await this.#stage.pod(`${job}-${index}`, {
          job,
          index,
          expiresAtMs: null,
          terms: { capUsdMicros: micros(200) },
        }),
      )
    }
    this.#limits.set(`key_of_${job}`, 200)
    this.#limits.set(`key_of_${job} daily`, null)
  }

  #levels({ caller, limits, vendor }: S.NumberRequest): readonly (readonly [string, number | null])[] {
    const day = new Date(this.#stage.clock.nowMs()).toISOString().slice(0, 10)
    const limitOf = (level: string) => limits.find((limit) => limit.level === level)?.limitUsdMicros ?? null
    return [
      [runAccount(caller.runUid), this.#limits.get(caller.keyId) ?? null],
      [runDayAccount(caller.runUid, day), this.#limits.get(`${caller.keyId} daily`) ?? null],
      [policyDayAccount('default', day), limitOf('policy_day')],
      [vendorDayAccount('default', vendor, day), limitOf('policy_vendor_day')],
      [namespaceDayAccount('default', 'billing', day), limitOf('policy_namespace_day')],
    ]
  }

  async #ask(): Promise<void> {
    const caller = this.#pick(this.#pods)
    const content = `content ${Math.floor(this.#random() * 12)}`
    // One after the other goes out of use: what was given back counts no more.
    const newest = this.model.calls.size / 10 + this.#random() * 3
    const object = this.#random() < 0.3 ? `${caller.runUid} pi_${Math.floor(newest)}` : null
    const repeat = this.#random() < 0.5 ? IDEMPOTENT : NEVER
    const seen = Array.from({ length: Math.floor(this.#random() * 4) }, (_, at) => seenFact(content, at + 1))
    const amount = Math.floor(this.#random() * 60)
    const request = this.#stage.request(caller, {
      content,
      micros: amount,
      object,
      repeat,
      seen,
      limits: this.#dayLimits,
    })
    const levels = this.#levels(request)
    const expected = { amount: this.model.amountOf(amount, object), accounts: levels.map(([account]) => account) }
    const full = levels.find(([account, limit]) => !this.model.hasRoom(expected.amount, account, limit))
    const answer = await this.#stage.store.number(request)
    this.#count(answer.status)
    if (answer.status === 'REFUSED' && answer.refusal.code === 'cap_exhausted') {
      expect(full, `refused at ${answer.level}`).not.to.equal(undefined)
    }
    if (answer.status !== 'SEND') return
    const { callId, epoch, gen } = answer.call
    if (answer.isNew) {
      expect(full, 'admitted over a cap').to.equal(undefined)
      this.model.reserves(answer.call, expected)
    } else this.model.sendsAgain(answer.call)
    this.#out.push({
      ref: { callId, epoch, gen, nonce: request.send.nonce },
      repeat: answer.call.repeat,
      object: answer.call.object,
    })
  }

  async #report(): Promise<void> {
    if (this.#out.length === 0) return
    const out = this.#pick(this.#out)
    if (this.#random() < 0.8) this.#out.splice(this.#out.indexOf(out), 1)
    const dice = this.#random()
    if (out.repeat.kind === 'never' && dice < 0.7 && !(await this.#mark(out.ref))) return
    const outcome = this.#outcome(dice, out)
    const answer = await this.#stage.store.report({ ...out.ref, outcome, handTo: null })
    this.#count(`${outcome.kind} ${answer.status}`)
    this.model.reported(out.ref, outcome, answer)
  }

  async #mark(ref: S.SendRef): Promise<boolean> {
    if ((await this.#stage.mark(ref)) === 'marked') {
      this.model.marked(ref)
      return true
    }
    const { state, open } = await this.#stage.call(ref.callId)
    if (state === 'released') this.model.released(ref.callId)
    return open.includes(ref.nonce)
  }

  #outcome(dice: number, { object }: Out): S.SendOutcome {
    const totalUsdMicros = micros(Math.floor(this.#random() * 70))
    if (dice < 0.1) return { kind: 'definite', answer: definite({ totalUsdMicros: micros(0), givesBack: object }) }
    if (dice < 0.6) return { kind: 'definite', answer: definite({ totalUsdMicros, object, hasEffect: dice > 0.2 }) }
    if (dice < 0.7) return { kind: 'unknown', reason: 'no answer', isSaved: false }
    return { kind: 'not_sent', notSent: { refusal: null, sealedAnswer: null, reason: 'refused' } }
  }

  async #reap(): Promise<void> {
    const unresolved = await this.#stage.store.listUnresolved({ limit: 1_000 })
    if (unresolved.length === 0) return
    const first = this.#pick(unresolved)
    const nonce = this.#stage.nonce() as S.SendRef['nonce']
    const { status, call } = await this.#stage.repair(first.callId, nonce)
    this.#count(`repair ${status}`)
    if (status === 'RESOLVED') this.model.released(call.callId)
    if (status !== 'SEND') return
    this.model.sendsAgain(call)
    const { callId, epoch, gen } = call
    this.#out.push({ ref: { callId, epoch, gen, nonce }, repeat: call.repeat, object: call.object })
  }

  async #limit(): Promise<void> {
    const some = () => micros(Math.floor(this.#random() * 400))
    if (this.#random() < 0.5) {
      const levels = ['policy_day', 'policy_vendor_day', 'policy_namespace_day'] as const
      this.#dayLimits = levels.filter(() => this.#random() < 0.5).map((level) => ({ level, limitUsdMicros: some() }))
      return
    }
    const { keyId } = this.#pick(this.#pods)
    const row = await this.#stage.store.setLimits(keyId, {
      capUsdMicros: some(),
      dailyCapUsdMicros: this.#random() < 0.5 ? null : some(),
    })
    this.#limits.set(keyId, row?.capUsdMicros ?? null)
    this.#limits.set(`${keyId} daily`, row?.dailyCapUsdMicros ?? null)
  }

  async #revoke(): Promise<void> {
    const keyId: KeyId = this.#pick(this.#pods).keyId
    await this.#stage.store.revokeKey(keyId)
    this.#pods = this.#pods.filter((pod) => pod.keyId !== keyId)
    for (const callId of this.model.calls.keys()) {
      const { state, keyId: ofCall } = await this.#stage.call(callId)
      if (ofCall === keyId && state === 'released') this.model.released(callId)
    }
  }

  async #compare(): Promise<void> {
    for (const [account, sums] of this.model.sums()) {
      const { spentUsdMicros, reservedUsdMicros } = await this.#stage.store.balance(account)
      expect({ spent: spentUsdMicros, reserved: reservedUsdMicros }, account).to.deep.equal(sums)
    }
  }
}

describe('the money of random steps', function () {
  this.timeout(120_000)

  async function walked(seed: number, rules?: Rulebook): Promise<Walk> {
    const stage = await Stage.open(inMemory, rules)
    const walk = new Walk(stage, seeded(seed))
    for (let step = 1; step <= STEPS; step += 1) {
      await walk.step().catch((fault: unknown) => {
        const again = `SEED=${seed} npx mocha test/store/money.test.ts`
        throw new Error(`step ${step}, again with: ${again}`, { cause: fault })
      })
    }
    await stage.store.close()
    return walk
  }

  it(`is the sum of the calls at every step and under every cap at admission (SEED=${SEED})`, async () => {
    const unmet = new Set(
      'SEND,REPLAY,JOIN,REFUSED,definite settled,not_sent released,not_sent noted,unknown in_doubt,repair SEND'.split(
        ',',
      ),
    )
    // About one walk in eight does not come to all of these.
    for (let walk = 0; walk < 10 && unmet.size > 0; walk += 1) {
      const { tally } = await walked(SEED + walk)
      for (const met of tally.keys()) unmet.delete(met)
    }
    expect([...unmet]).to.deep.equal([])
  })

  const PLANTED = [
    'object_once',
    'give_back_once',
    'given_back_stays',
    'cap_run',
    'cap_policy_day',
    'release_only_when_closed',
  ] as const
  for (const rule of PLANTED) {
    it(`and that is noticed without ${rule}`, async () => {
      const fault = await walked(7, rulebookWithout(rule)).catch((thrown: unknown) => thrown)
      expect(fault).to.be.instanceOf(Error)
    })
  }
})
