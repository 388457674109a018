import { expect } from 'chai'
import type { KeyId, Nonce, RunUid } from '../../../contract/ids.ts'
import { refusal } from '../../../contract/refusals.ts'
import type * as S from '../../../store/store.ts'
import {
  ANEW,
  DAY_MS,
  definite,
  IDEMPOTENT,
  LEASE_MS,
  micros,
  NEVER,
  type OpenStore,
  type PodPlan,
  type PodsCaller,
  Stage,
  seenFact,
} from '../stage.ts'
import { difference, type Op, type Ref, Side } from './side.ts'

interface Answered {
  readonly status: string
  readonly call?: Pick<S.CallRow, 'runUid' | 'epoch' | 'gen' | 'repeat'> & { readonly callId: string }
}

const CONTENTS = ['A', 'B', 'C', 'D']
const CORES = [null, 'x', 'x', 'y']
const ACCOUNT_DAYS = 3

/** The same random steps on the rules (SQLite in memory) and on the scripts; each answer and the record are compared. */
export class Twins {
  readonly #sides: readonly [Side, Side]
  readonly #random: () => number
  readonly #pods: PodsCaller[] = []
  readonly #refs: (Ref & Pick<S.CallRow, 'runUid' | 'repeat' | 'object'>)[] = []
  readonly #labels: string[] = []
  readonly #trace: string[] = []
  readonly #tally = new Map<string, number>()
  /** Keys and runs as they once were: what a journal may say of them. */
  readonly #standings: S.JournalledStanding[] = []
  #jobs = 0
  #asked = 0
  #podCount = 0
  #hand: S.Caller | undefined

  private constructor(sides: readonly [Side, Side], random: () => number) {
    this.#sides = sides
    this.#random = random
  }

  static async open(engines: readonly [OpenStore, OpenStore], random: () => number): Promise<Twins> {
    const [rules, scripts] = await Promise.all(engines.map((open) => Stage.open(open)))
    if (rules === undefined || scripts === undefined) throw new Error('there are two engines')
    return new Twins([new Side(rules), new Side(scripts)], random)
  }

  get trace(): readonly string[] {
    return this.#trace
  }

  get tally(): ReadonlyMap<string, number> {
    return this.#tally
  }

  async close(): Promise<void> {
    for (const { stage } of this.#sides) await stage.store.close()
  }

  async step(): Promise<void> {
    if (this.#pods.length < 2) return this.#newJob()
    const dice = this.#random()
    if (dice < 0.45) await this.#ask()
    else if (dice < 0.72) await this.#report()
    else if (dice < 0.78) await this.#seen()
    else if (dice < 0.82) await this.#pass()
    else if (dice < 0.86) await this.#repair()
    else if (dice < 0.89) await this.#pod()
    else if (dice < 0.915) await this.#limits()
    else if (dice < 0.93) await this.#resolve()
    else if (dice < 0.942) await this.#end()
    else if (dice < 0.947) await this.#revoke()
    else if (dice < 0.957) await this.#standing()
    else if (dice < 0.97) await this.#read()
    else if (dice < 0.98) await this.#prune()
    else await this.compare()
  }

  /** The whole record, all sums, runs, keys and what is unresolved. */
  async compare(): Promise<void> {
    await this.#both('record', ({ stage }) => stage.events())
    await this.#both('unresolved', ({ stage }) => stage.store.listUnresolved({ limit: 500 }))
    await this.#both('keys', ({ stage }) => stage.store.listKeys({}))
    await this.#both('runs', ({ stage }) => stage.store.listRuns({}))
    const jobs = Array.from({ length: this.#jobs }, (_, at) => `job-${at + 1}`)
    await this.#both('sums', async ({ stage }) => {
      const days = Array.from({ length: ACCOUNT_DAYS }, (_, back) =>
        new Date(stage.clock.wallMs - back * DAY_MS).toISOString().slice(0, 10),
      )
      const ofDay = (day: string) => [
        `policy/default/${day}`,
        `policy/default/vendor/stripe/${day}`,
        `policy/default/namespace/billing/${day}`,
      ]
      const accounts = [
        ...jobs.map((job) => `run/${job}`),
        ...days.flatMap((day) => [...ofDay(day), ...jobs.map((job) => `run/${job}/${day}`)]),
      ]
      return Promise.all(accounts.map(async (account) => [account, await stage.store.balance(account)]))
    })
    await this.#both('totals', ({ stage }) => Promise.all(jobs.map((job) => stage.store.countCalls(job as RunUid))))
    await this.#both('calls', (side) =>
      Promise.all(this.#labels.map((label) => side.stage.store.findCall(side.idOf(label)))),
    )
  }

  async #both(what: string, op: Op): Promise<unknown> {
    this.#trace.push(what)
    const [rules, scripts] = await Promise.all(
      this.#sides.map(async (side) => side.plain(await op(side).catch((fault: unknown) => `thrown: ${String(fault)}`))),
    )
    expect(scripts, `${what}: ${difference(rules, scripts)}`).to.deep.equal(rules)
    const { status } = (rules ?? {}) as { status?: string }
    const key = `${what.split(' ')[0]} ${status ?? ''}`
    this.#tally.set(key, (this.#tally.get(key) ?? 0) + 1)
    return rules
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }

  async #newJob(): Promise<void> {
    this.#jobs += 1
    const job = `job-${this.#jobs}`
    const isQueue = this.#chance(0.1)
    const plan: PodPlan = {
      job,
      index: isQueue ? null : 0,
      expiresAtMs: this.#chance(0.9) ? null : this.#sides[0].stage.clock.wallMs + 3 * DAY_MS,
      terms: { capUsdMicros: this.#chance(0.3) ? null : micros(200), needsNamedKeys: this.#chance(0.05) },
    }
    await this.#exchange(plan)
    if (!isQueue) await this.#exchange({ ...plan, index: 1 })
    if (this.#hand !== undefined) return
    await this.#both('key', ({ stage }) => stage.key('hand', { capUsdMicros: micros(100) }))
    this.#hand = { keyId: 'key_hand' as KeyId, runUid: 'key_hand' as RunUid, pod: null }
  }

  async #exchange(plan: PodPlan, pod = `pod-${(this.#podCount += 1)}`): Promise<void> {
    const told = `exchange ${pod} ${plan.job} ${plan.index} ${plan.purpose ?? 'issue'} ${plan.continues ?? ''}`
    const answer = (await this.#both(told, ({ stage }) => stage.exchange(pod, plan))) as S.AdmitPodAnswer
    if (answer.status === 'ADMITTED') this.#pods.push(this.#sides[0].stage.callerOf(pod, plan, answer))
  }

  async #pod(): Promise<void> {
    const { pod } = this.#pick(this.#pods)
    const plan: PodPlan = { job: pod.jobUid, index: pod.index, expiresAtMs: null }
    if (this.#chance(0.4)) return this.#exchange(plan)
    const walk = this.#chance(0.5) ? { walk: this.#pick(['v', 'w']) } : {}
    await this.#exchange({ ...plan, ...walk, purpose: this.#pick(['issue', 'begin', 'renew']) }, pod.podUid)
  }

  async #ask(): Promise<void> {
    const isHand = this.#hand !== undefined && this.#chance(0.08)
    // Mostly the newest Pods; now and then one of long ago.
    const recent = this.#chance(0.8) ? this.#pods.slice(-4) : this.#pods
    const caller = isHand && this.#hand !== undefined ? this.#hand : this.#pick(recent)
    // Contents of a model are of their own: one route is of one kind.
    const isModel = this.#chance(0.15)
    const content = isModel ? this.#pick(['M', 'N']) : this.#pick(CONTENTS)
    const kind = this.#random()
    const key =
      kind < 0.55 && !isHand
        ? null
        : kind < 0.8 && !isHand
          ? { kind: 'token' as const, value: `t${Math.floor(this.#random() * 6)}` }
          : { kind: 'named' as const, value: `k ${Math.floor(this.#random() * 4)}` }
    const seen = this.#chance(0.5) ? this.#facts(content) : []
    const ask = {
      content,
      core: isModel ? null : this.#pick(CORES),
      key,
      usd: 0,
      micros: this.#chance(0.1) ? 0 : Math.floor(this.#random() * 60),
      object: !isModel && this.#chance(0.35) ? `pi/"${Math.floor(this.#random() * 3)}` : null,
      kind: isModel ? ('llm' as const) : ('mutating' as const),
      open: isModel ? this.#openOrds() : [],
      repeat: isModel ? ANEW : this.#chance(0.6) ? IDEMPOTENT : NEVER,
      seen,
      delivering: this.#chance(0.1) ? [1 + Math.floor(this.#random() * 3)] : [],
      intactSinceBoot: this.#pick([null, 1, 2]),
      saysDiverged: this.#chance(0.3),
      limits: this.#chance(0.3)
        ? [{ level: 'policy_day' as const, limitUsdMicros: micros(Math.floor(this.#random() * 400)) }]
        : [],
      endpoint: this.#chance(0.03) ? refusal('endpoint_not_allowed') : null,
      policy: {
        divergingReplay: this.#pick(['refuse', 'warn', 'core'] as const),
        ambiguousRepeat: this.#pick(['refuse', 'fold'] as const),
      },
      ...(this.#chance(0.12) ? { ord: [this.#pick([1, 2]), 1 + Math.floor(this.#random() * 40)] as const } : {}),
      ...(this.#chance(0.05) ? { ord: null } : {}),
    }
    this.#asked += 1
    let nonce = '' as Nonce
    const told = `ask ${caller.pod?.podUid ?? 'hand'} ${JSON.stringify(ask)}`
    const answer = (await this.#both(told, ({ stage }) => {
      const request = stage.request(caller, ask)
      nonce = request.send.nonce
      return stage.store.number(request)
    })) as Answered
    if (answer.call !== undefined) this.#note(answer.call.callId)
    if (answer.status === 'SEND' && answer.call !== undefined) this.#sent(answer.call, nonce, ask.object)
  }

  /** Ords of about now, on either side. */
  #openOrds(): (readonly [number, number])[] {
    const count = Math.floor(this.#random() * 3)
    return Array.from(
      { length: count },
      () => [1, Math.max(1, this.#asked + 2 - Math.floor(this.#random() * 5))] as const,
    )
  }

  #note(label: string): void {
    if (!this.#labels.includes(label)) this.#labels.push(label)
  }

  #sent(call: NonNullable<Answered['call']>, nonce: Nonce, object: string | null): void {
    const { callId: label, runUid, epoch, gen, repeat } = call
    this.#refs.push({ label, runUid, epoch, gen, nonce, repeat, object })
    if (this.#refs.length > 24) this.#refs.shift()
  }

  #facts(content: string) {
    const count = 1 + Math.floor(this.#random() * 3)
    return Array.from({ length: count }, () =>
      seenFact(content, 1 + Math.floor(this.#random() * 4), {
        token: this.#chance(0.3) ? `t${Math.floor(this.#random() * 6)}` : null,
        life: this.#chance(0.9) ? 1 : 2,
      }),
    )
  }

  async #report(): Promise<void> {
    if (this.#refs.length === 0) return
    const twice = this.#refs.filter(({ label }, at) =>
      this.#refs.some((other, where) => where !== at && other.label === label),
    )
    const { runUid, repeat, object, ...ref } = this.#pick(twice.length > 0 && this.#chance(0.4) ? twice : this.#refs)
    if (repeat.kind === 'never' && this.#chance(0.6)) {
      await this.#both(`mark ${JSON.stringify(ref)}`, (side) => side.stage.mark(side.ref(ref)))
      if (this.#chance(0.4)) return
    }
    const outcome = this.#outcome(object, repeat.kind !== 'anew')
    // An answer goes to whoever asked for the call: to a Pod of its own run.
    const pods = this.#pods.filter((pod) => pod.runUid === runUid)
    const handTo =
      pods.length > 0 && this.#chance(0.5)
        ? { caller: this.#pick(pods).pod, boot: this.#pick([1, 2]), token: this.#pick([null, 't1']) }
        : null
    await this.#both(
      `report ${JSON.stringify({ ref, outcome, to: handTo?.caller.podUid, boot: handTo?.boot })}`,
      (side) => side.stage.store.report({ ...side.ref(ref), outcome, handTo }),
    )
  }

  /** A model's answer makes no object. */
  #outcome(object: string | null, mayHaveObject: boolean): S.SendOutcome {
    const dice = this.#random()
    if (dice < 0.15) return { kind: 'unknown', reason: 'no "answer"', isSaved: this.#chance(0.4) }
    if (dice < 0.3) {
      const sealedAnswer = this.#chance(0.5) ? Buffer.from('a 429') : null
      return {
        kind: 'not_sent',
        notSent: { refusal: refusal('vendor_unreachable'), sealedAnswer, reason: 'connection "refused"' },
      }
    }
    const isDeclined = dice < 0.5
    // A vendor's answer makes an object or cancels one.
    const givesBack = mayHaveObject && this.#chance(0.2) ? `pi/"${Math.floor(this.#random() * 3)}` : null
    return {
      kind: 'definite',
      answer: definite({
        status: isDeclined ? 402 : 200,
        hasEffect: !isDeclined,
        totalUsdMicros: micros(isDeclined ? 0 : Math.floor(this.#random() * 70)),
        object: mayHaveObject && givesBack === null && this.#chance(0.8) ? object : null,
        givesBack,
        isUnexpectedReplay: this.#chance(0.05),
        sealedAnswer: this.#chance(0.9) ? Buffer.from([0, 255, 10, 13]) : null,
      }),
    }
  }

  async #seen(): Promise<void> {
    const { pod } = this.#pick(this.#pods)
    const facts = this.#facts(this.#pick(CONTENTS))
    await this.#both(`seen ${pod.podUid} ${JSON.stringify(facts.map(({ n, life }) => [n, life]))}`, ({ stage }) =>
      stage.store.recordSeen(pod, stage.store.historyId, facts),
    )
  }

  async #pass(): Promise<void> {
    const ms = this.#pick([1_000, LEASE_MS - 1, LEASE_MS, LEASE_MS + 1, LEASE_MS + 1, 3_600_000, DAY_MS])
    await this.#both(`pass ${ms}`, async ({ stage }) => {
      stage.clock.pass(ms)
    })
  }

  async #repair(): Promise<void> {
    if (this.#labels.length === 0) return
    const label = this.#pick(this.#labels.slice(-8))
    let nonce = '' as Nonce
    const answer = (await this.#both(`repair ${label}`, (side) => {
      nonce = side.stage.nonce() as Nonce
      return side.stage.repair(side.idOf(label), nonce)
    })) as Answered
    if (answer.status === 'SEND' && answer.call !== undefined) this.#sent(answer.call, nonce, null)
  }

  async #limits(): Promise<void> {
    const { keyId } = this.#pick(this.#pods)
    const some = () => this.#pick([undefined, null, micros(Math.floor(this.#random() * 400)), micros(200)])
    const [cap, day] = [some(), some()]
    const limits = {
      ...(cap === undefined ? {} : { capUsdMicros: cap }),
      ...(day === undefined ? {} : { dailyCapUsdMicros: day }),
    }
    await this.#both(`limits ${keyId} ${JSON.stringify(limits)}`, ({ stage }) => stage.store.setLimits(keyId, limits))
  }

  async #resolve(): Promise<void> {
    if (this.#labels.length === 0) return
    const label = this.#pick(this.#labels.slice(-12))
    const word: S.PersonsWord = this.#chance(0.5)
      ? { kind: 'no_effect' }
      : { kind: 'effect', spentUsdMicros: micros(Math.floor(this.#random() * 60)) }
    await this.#both(`resolve ${label} ${word.kind}`, (side) =>
      side.stage.store.resolveByPerson(side.idOf(label), word),
    )
  }

  async #end(): Promise<void> {
    const { runUid, pod } = this.#pick(this.#pods)
    await this.#both(`end ${pod.jobUid}`, ({ stage }) => stage.store.endJob(runUid, pod.jobUid))
    if (!this.#chance(0.8)) return
    this.#jobs += 1
    const plan: PodPlan = {
      job: `job-${this.#jobs}`,
      index: pod.index,
      continues: this.#chance(0.5) ? pod.jobUid : `${pod.jobUid}-name`,
    }
    await this.#exchange({
      ...plan,
      expiresAtMs: null,
      terms: { capUsdMicros: this.#chance(0.5) ? null : micros(150) },
    })
  }

  async #revoke(): Promise<void> {
    const { keyId } = this.#pick(this.#pods)
    await this.#both(`revoke ${keyId}`, ({ stage }) => stage.store.revokeKey(keyId))
    await this.#newJob()
  }

  /** What a journal says of a key: as it was a while ago, or with a change that the store has lost. */
  async #standing(): Promise<void> {
    const { keyId, runUid } = this.#pick(this.#pods)
    const { store } = this.#sides[0].stage
    const [key, run] = await Promise.all([store.findKey(keyId), store.findRun(runUid)])
    if (key !== undefined) this.#standings.push({ key, run: run ?? null })
    const { key: was, run: ofRun } = this.#pick(this.#standings)
    const isChanged = this.#chance(0.6)
    const told: S.JournalledStanding = {
      key: {
        ...was,
        version: was.version + (isChanged ? 1 + Math.floor(this.#random() * 3) : 0),
        capUsdMicros: isChanged ? this.#pick([null, micros(40), micros(300)]) : was.capUsdMicros,
        status: this.#chance(0.1) ? 'revoked' : was.status,
      },
      run: ofRun && {
        ...ofRun,
        jobs: ofRun.jobs.map((job) => ({ ...job, isEnded: job.isEnded || this.#chance(0.1) })),
      },
    }
    const { version, status, capUsdMicros } = told.key
    const said = `standing ${was.keyId} ${JSON.stringify({ version, status, capUsdMicros, jobs: told.run?.jobs })}`
    await this.#both(said, ({ stage }) => (stage.store as S.RecoverableStore).mergeStanding(told))
  }

  async #read(): Promise<void> {
    const caller = this.#pick(this.#pods)
    const status = this.#pick([200, 404, null])
    await this.#both(`read ${caller.pod.podUid}`, async ({ stage }) => {
      const identity = { ...stage.identity({ content: 'read' }), kind: 'read' as const }
      const admitted = await stage.store.admitRead({ caller, vendor: 'stripe', identity, endpoint: null })
      if (typeof admitted === 'string') await stage.store.closeRead(admitted, status)
      return admitted
    })
  }

  async #prune(): Promise<void> {
    const { keyId } = this.#pick(this.#pods)
    await this.#both(`prune ${keyId}`, async ({ stage }) => {
      for (;;) {
        const answer = await stage.store.prune(keyId, { keepMs: 0, limit: 10_000 })
        if (answer !== 'more') return answer
      }
    })
  }
}
