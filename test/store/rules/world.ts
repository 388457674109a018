import { expect } from 'chai'
import { asJobUid, type CallId } from '../../../contract/ids.ts'
import { refusal } from '../../../contract/refusals.ts'
import type { JournalEntry } from '../../../store/recovery/entries.ts'
import { journalledCalls } from '../../../store/recovery/journalled-calls.ts'
import {
  classDayAccount,
  namespaceDayAccount,
  policyDayAccount,
  runAccount,
  runDayAccount,
  vendorDayAccount,
} from '../../../store/rules/accounts.ts'
import { type Rulebook, WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import type * as S from '../../../store/store.ts'
import {
  ANEW,
  type Ask,
  definite,
  IDEMPOTENT,
  inMemory,
  LEASE_MS,
  NEVER,
  type PodPlan,
  type PodsCaller,
  Stage,
  seenFact,
  told,
  usd,
} from '../stage.ts'
import { Disk } from './disk.ts'
import { Breach, Truth } from './truth.ts'

/** What is declared of a scenario beside its steps. */
export interface Setting {
  /**
   * `repeats`: keeps idempotency keys for 24 h. `once`: every request has its effect, and none may be repeated. `tokens`:
   * every request has its effect, a repeat is another purchase, and identical ones may be out at once. Default `repeats`.
   */
  readonly vendor?: 'repeats' | 'once' | 'tokens'
  readonly capUsd?: number
  readonly dailyCapUsd?: number
  readonly limits?: readonly S.CapLimit[]
  /** Of all calls' money. */
  readonly moneyClass?: string
  readonly needsNamedKeys?: boolean
  readonly policy?: Partial<S.NumberRequest['policy']>
  /** The store is a file that can be saved and rolled back, and senders keep a journal. */
  readonly isOnDisk?: boolean
  /** A step may come before what it speaks of; it then does nothing. */
  readonly isAnyOrder?: boolean
}

interface PodState {
  readonly caller: PodsCaller
  readonly plan: PodPlan
  facts: S.NumberClaims['seen'][number][]
}

/** What a request of an app, or a repair, came to. */
interface Going {
  readonly pod: PodState | undefined
  readonly boot: number
  readonly token: string | null
  readonly content: string
  readonly group: string
  readonly usdMicros: number
  readonly callId: CallId | undefined
  /** As the sender has it: it does not change when the call is made anew since. */
  readonly vendorKey: string | null
  /** The send that is ours to make. */
  readonly ref: S.SendRef | undefined
}

/**
 * Runs the steps of a scenario against a store, and judges after each of them. With a rule left out, steps that have
 * become pointless (a send that was not allowed) do nothing; only a broken promise counts.
 */
export class World {
  readonly truth = new Truth()
  readonly #setting: Setting
  readonly #isWhole: boolean
  readonly #stage: Stage
  readonly #pods = new Map<string, PodState>()
  readonly #goings = new Map<string, Going>()
  readonly #calls = new Set<CallId>()
  #spared: Set<CallId> | undefined
  #pruned = false
  #disk: Disk | undefined
  readonly #journal: JournalEntry[] = []

  /** Tells the runs of worlds on one store apart. */
  readonly #nth: number

  private constructor(stage: Stage, setting: Setting, how: { readonly isWhole: boolean; readonly nth: number }) {
    this.#stage = stage
    this.#setting = setting
    this.#isWhole = how.isWhole
    this.#nth = how.nth
  }

  static async open(setting: Setting, rules: Rulebook): Promise<World> {
    const disk = setting.isOnDisk === true ? new Disk() : undefined
    const stage = await Stage.open(disk === undefined ? inMemory : disk.open, rules)
    const world = new World(stage, setting, { isWhole: rules === WHOLE_RULEBOOK, nth: 1 })
    world.#disk = disk
    return world
  }

  async close(): Promise<void> {
    await this.store.close()
    this.#disk?.remove()
  }

  /** A world with another run, on the same store. */
  next(setting: Setting): World {
    return new World(this.#stage, setting, { isWhole: this.#isWhole, nth: this.#nth + 1 })
  }

  get #keepsKeys(): boolean {
    return (this.#setting.vendor ?? 'repeats') === 'repeats'
  }

  get store(): S.Store {
    return this.#stage.store
  }

  /** One line: subject, verb, words, and after `→` what it must come to (`→!`: also with a rule left out). */
  async step(line: string): Promise<void> {
    const [doing = '', expected] = line.split(/→!?/).map((part) => part.trim())
    const came = await this.#do(doing.split(/\s+/))
    if (expected !== undefined && came !== expected) {
      if (this.#isWhole) expect(came, line).to.equal(expected)
      if (line.includes('→!')) throw new Breach('dead end', `${line}, but came ${came}`)
    }
    this.truth.check({ isParallel: this.#setting.vendor === 'tokens' })
    await this.#checkBooks()
  }

  async #do([subject = '', verb = '', ...words]: readonly string[]): Promise<string> {
    switch (subject) {
      case 'pod':
        return this.#noting(this.#exchange(verb, words))
      case 'leases':
        this.#stage.clock.pass(LEASE_MS + 1)
        return ''
      case 'hours':
        this.#stage.clock.pass(Number(verb) * 3_600_000)
        return ''
      case 'revoke':
        return this.#noting(this.#revoke())
      case 'raise':
        await this.store.setLimits(this.#anyPod().caller.keyId, { capUsdMicros: usd(Number(verb)) })
        return this.#noting('')
      case 'job':
        await this.store.endJob(this.#anyPod().caller.runUid, asJobUid(this.#job(verb)))
        return this.#noting('')
      case 'reaper':
        return this.#reaper(words)
      case 'store':
        return this.#onDisk(verb)
      case 'prune':
        return this.#prune()
      case 'person':
        return this.#person(words)
      case 'end':
        return this.#end([verb, ...words])
      default:
        if (verb === 'asks' && !this.#pods.has(subject)) return 'no such Pod'
        return this.#pods.has(subject) ? this.#app(subject, verb, words) : this.#owner(subject, verb, words)
    }
  }

  async #exchange(name: string, words: readonly string[]): Promise<string> {
    const options = optionsOf(words)
    const { capUsd, dailyCapUsd, needsNamedKeys = false } = this.#setting
    const known = this.#pods.get(name)
    const plan: PodPlan = {
      ...known?.plan,
      job: this.#job(options['job'] ?? known?.plan.job ?? 'job-1'),
      ...(options['continues'] === undefined ? {} : { continues: this.#job(options['continues']) }),
      expiresAtMs: null,
      ...(options['completions'] === undefined ? {} : { completions: Number(options['completions']) }),
      ...(options['index'] === undefined
        ? {}
        : { index: options['index'] === 'none' ? null : Number(options['index']) }),
      purpose: (options['purpose'] ?? 'issue') as 'issue',
      ...(options['walk'] === undefined ? {} : { walk: options['walk'] }),
      terms: {
        capUsdMicros: dollars(options['cap'] === undefined ? capUsd : Number(options['cap'])),
        dailyCapUsdMicros: dollars(dailyCapUsd),
        needsNamedKeys,
      },
    }
    const pod = `${name}-${this.#nth}`
    const admitted = await this.#stage.exchange(pod, plan)
    if (admitted.status === 'REFUSED') return `REFUSED ${admitted.refusal.code}`
    const facts = admitted.life === known?.caller.pod.life ? known.facts : []
    this.#pods.set(name, { caller: this.#stage.callerOf(pod, plan, admitted), plan, facts })
    return `ADMITTED life=${admitted.life}`
  }

  #app(name: string, verb: string, words: readonly string[]): Promise<string> {
    const pod = this.#pods.get(name)
    if (pod === undefined) throw new Error(`there is no Pod ${name}`)
    switch (verb) {
      case 'asks':
        return this.#asks(pod, words)
      case 'reads':
        return this.#reads(pod, words)
      case 'reports':
        return this.store.recordSeen(pod.caller.pod, this.store.historyId, pod.facts)
      default:
        throw new Error(`a Pod does not ${verb}`)
    }
  }

  async #asks(pod: PodState, [content = '', ord = '', ...words]: readonly string[]): Promise<string> {
    const options = optionsOf(words)
    const [boot, seq] = ordOf(ord)
    const ask = this.#ask(pod, { content, ord: [boot, seq], options })
    const request = this.#stage.request(pod.caller, ask)
    const answer = await this.store.number(request)
    const callId = 'call' in answer ? answer.call.callId : answer.status === 'JOIN' ? answer.callId : undefined
    const ref =
      answer.status === 'SEND'
        ? {
            callId: answer.call.callId,
            epoch: answer.call.epoch,
            gen: answer.call.gen,
            nonce: request.send.nonce,
          }
        : undefined
    this.#goings.set(options['as'] ?? ord, {
      pod,
      boot,
      token: ask.key?.kind === 'token' ? ask.key.value : null,
      content,
      group: content.replace(/'+$/, ''),
      usdMicros: request.price.totalUsdMicros,
      callId,
      vendorKey: 'call' in answer ? answer.call.vendorKey : null,
      ref,
    })
    if (callId !== undefined) this.#calls.add(callId)
    if (answer.status === 'SEND') {
      this.#checkNotRevoked(answer.call)
      if (answer.isNew) await this.#checkCaps(request)
    }
    return told(answer)
  }

  #ask(
    pod: PodState,
    asked: { content: string; ord: readonly [number, number]; options: Record<string, string | undefined> },
  ): Ask {
    const { options } = asked
    const named = options['key'] === undefined ? null : ({ kind: 'named', value: options['key'] } as const)
    const key = options['token'] === undefined ? named : ({ kind: 'token', value: options['token'] } as const)
    const isEarlier = options['without'] === 'facts'
    return {
      content: asked.content,
      ord: asked.ord,
      key,
      core: options['core'] ?? null,
      usd: Number(options['usd'] ?? 1),
      object: options['object'] ?? null,
      repeat: REPEATS[this.#setting.vendor ?? 'repeats'],
      kind: this.#setting.vendor === 'tokens' ? 'llm' : 'mutating',
      open: (options['open'] ?? '')
        .split(',')
        .filter((ord) => ord !== '')
        .map(ordOf),
      limits: this.#setting.limits ?? [],
      ...(this.#setting.moneyClass === undefined ? {} : { moneyClass: this.#setting.moneyClass }),
      policy: this.#setting.policy ?? {},
      endpoint: options['endpoint'] === 'closed' ? refusal('endpoint_not_allowed') : null,
      seen: isEarlier ? [] : pod.facts,
      delivering: options['delivering'] === undefined ? [] : [Number(options['delivering'])],
      intactSinceBoot: options['intact'] === undefined ? null : Number(options['intact']),
      saysDiverged: options['diverged'] === 'yes',
      ...(options['history'] === 'old' ? { historyId: 'before' as S.Store['historyId'] } : {}),
    }
  }

  /** The app takes the last byte of the answer; `unnoticed`: no evidence of it reached the sidecar. */
  async #reads(pod: PodState, [label = '', how]: readonly string[]): Promise<string> {
    const going = this.#goings.get(label)
    const call = going?.callId === undefined ? undefined : await this.#stage.call(going.callId)
    if (going === undefined || call?.state !== 'settled') return ''
    const attempt = `${pod.caller.pod.podUid}/${pod.caller.pod.life}`
    if (call.hasEffect) this.truth.reads(attempt, going.group)
    if (how !== 'unnoticed' && call.n !== null) {
      pod.facts.push(seenFact(going.content, call.n, { token: going.token, life: pod.caller.pod.life }))
    }
    return ''
  }

  async #owner(label: string, verb: string, words: readonly string[]): Promise<string> {
    const going = this.#goings.get(label)
    if (going === undefined && this.#setting.isAnyOrder) return 'nothing to send'
    if (going === undefined) throw new Error(`nothing is called ${label}`)
    const { ref } = going

    if (ref === undefined) return 'nothing to send'
    const options = optionsOf(words)
    switch (verb) {
      case 'marks': {
        const marked = await this.#stage.mark(ref)
        if (marked === 'marked') this.#checkNotRevoked(await this.#stage.call(ref.callId))
        else this.#goings.set(label, { ...going, ref: undefined })
        return marked
      }
      case 'executes':
        await this.#executes(going, ref, options)
        return ''
      case 'settles':
        return this.#settles(going, ref, options)
      case 'declined':
        this.#keepsKey(going)
        return (await this.#stage.settle(ref, { status: 402, hasEffect: false, totalUsdMicros: usd(0) })).status
      case 'works': {
        if (this.#setting.vendor === 'once' && (await this.#stage.mark(ref)) === 'refused') return 'refused'
        await this.#executes(going, ref, options)
        return this.#settles(going, ref, options)
      }
      case 'unsent':
        this.#writesOutcome(ref, {
          kind: 'not_sent',
          notSent: { refusal: null, sealedAnswer: null, reason: 'refused' },
        })
        return (await this.#stage.notSent(ref)).status
      case 'unknown':
        return (await this.#stage.unknown(ref)).status
      case 'found':
        return this.#found(going, ref, words)
      case 'fails':
        this.#keepsKey(going)
        return (await this.#stage.unknown(ref, true)).status
      default:
        throw new Error(`an owner does not do ${verb}`)
    }
  }

  async #executes(going: Going, ref: S.SendRef, options: Record<string, string | undefined>): Promise<void> {
    const { vendorKey } = going
    if (this.#spared?.has(ref.callId) === false) {
      throw new Breach('sent after revocation', `${ref.callId} was not named in flight`)
    }
    const usdMicros = options['usd'] === undefined ? going.usdMicros : usd(Number(options['usd']))
    const key = this.#keepsKeys ? vendorKey : null
    await this.#writesIntent(ref)
    this.truth.arrives({ group: going.group, callId: ref.callId, usdMicros }, key, this.#stage.clock.nowMs())
    const { capUsd } = this.#setting
    if (this.#disk !== undefined && capUsd !== undefined && this.truth.usdMicros > usd(capUsd)) {
      throw new Breach('over the cap', `${this.truth.usdMicros} micro-dollars were really spent`)
    }
  }

  /** The vendor answers without an effect, and will answer so again under the key. */
  #keepsKey({ vendorKey }: Going): void {
    if (this.#keepsKeys) this.truth.keeps(vendorKey, this.#stage.clock.nowMs())
  }

  async #settles(going: Going, ref: S.SendRef, options: Record<string, string | undefined>): Promise<string> {
    const total = options['total'] === undefined ? going.usdMicros : usd(Number(options['total']))
    const { pod, boot, token } = going
    const came = definite({
      status: Number(options['status'] ?? 200),
      totalUsdMicros: total as S.DefiniteAnswer['totalUsdMicros'],
      object: options['object'] ?? null,
      givesBack: options['back'] ?? null,
    })
    this.#writesOutcome(ref, { kind: 'definite', answer: came })
    const answer = await this.#stage.settle(
      ref,
      came,
      pod === undefined ? null : { caller: pod.caller.pod, boot, token },
    )
    return answer.status === 'settled' && answer.isAlarm ? 'settled with an alarm' : answer.status
  }

  /** A look-up came upon these objects. */
  async #found({ usdMicros }: Going, ref: S.SendRef, [objects = '']: readonly string[]): Promise<string> {
    const totalUsdMicros = usdMicros as S.DefiniteAnswer['totalUsdMicros']
    const found = objects.split(',').map((object) => ({ object, status: 201, totalUsdMicros }))
    return (await this.#stage.found(ref, found)).status
  }

  async #revoke(): Promise<string> {
    const revoked = await this.store.revokeKey(this.#anyPod().caller.keyId)
    this.#spared = new Set(revoked?.inFlight.map(({ callId }) => callId))
    return `${revoked?.inFlight.length} in flight`
  }

  async #reaper(words: readonly string[]): Promise<string> {
    const [label = '', , as] = words
    const going = this.#goings.get(label)
    if (going?.callId === undefined) return ''
    const nonce = this.#stage.nonce()
    const repaired = await this.#stage.repair(going.callId, nonce)
    if (repaired.status === 'SEND') this.#checkNotRevoked(repaired.call)
    if (as !== undefined) {
      const { call } = repaired
      const ref = { callId: call.callId, epoch: call.epoch, gen: call.gen, nonce: nonce as S.SendRef['nonce'] }
      this.#goings.set(as, {
        ...going,
        pod: undefined,
        vendorKey: call.vendorKey,
        ref: repaired.status === 'SEND' ? ref : undefined,
      })
    }
    return `${repaired.status} ${repaired.call.state}`
  }

  /** `saved`: what is there now is what a rollback brings back. */
  async #onDisk(what: string): Promise<string> {
    if (this.#disk === undefined) throw new Error('the setting has no disk')
    const isSaved = what === 'saved'
    const store = await this.#disk[isSaved ? 'save' : 'rollBack'](this.#stage)
    this.#stage.store = store
    if (isSaved) return ''
    for (const entry of this.#journal) if (entry.kind === 'standing') await store.mergeStanding(entry)
    const merged = journalledCalls(this.#journal)
    for (const call of merged) await store.merge(call)
    return `${merged.length} merged`
  }

  /** What was changed about who may spend what is in the journal when the step is over. */
  async #noting(step: string | Promise<string>): Promise<string> {
    const came = await step
    const [pod] = this.#pods.values()
    if (this.#disk === undefined || pod === undefined) return came
    const { keyId, runUid } = pod.caller
    const [key, run] = await Promise.all([this.store.findKey(keyId), this.store.findRun(runUid)])
    if (key !== undefined) this.#journal.push({ kind: 'standing', key, run: run ?? null })
    return came
  }

  async #writesIntent(send: S.SendRef): Promise<void> {
    if (this.#disk === undefined) return
    const row = await this.#stage.call(send.callId)
    const { historyId: history } = this.store
    this.#journal.push({ kind: 'intent', history, send, row, token: null, limits: this.#setting.limits ?? [] })
  }

  #writesOutcome(send: S.SendRef, outcome: S.SendOutcome): void {
    this.#journal.push({ kind: 'outcome', send, outcome })
  }

  async #person([label = '']: readonly string[]): Promise<string> {
    const callId = this.#goings.get(label)?.callId
    const resolved = callId && (await this.store.resolveByPerson(callId, { kind: 'no_effect' }))
    return resolved ? resolved.state : 'not in doubt'
  }

  async #prune(): Promise<string> {
    const before = await Promise.all([...this.#calls].map((callId) => this.store.findCall(callId)))
    const pruned = await this.store.prune(this.#anyPod().caller.keyId, { keepMs: 0, limit: 1_000 })
    const open = before.find((row) => row !== undefined && row.reservedUsdMicros > 0)
    if (pruned !== 'kept' && open !== undefined) {
      throw new Breach('effect uncounted', `${open.callId} is ${open.state}, and its record is gone`)
    }
    if (pruned !== 'kept') this.#pruned = true
    return pruned
  }

  /** `D=2`: so many calls of D were meant. `spent=3`: what the books must say was spent, in dollars. */
  async #end(meant: readonly string[]): Promise<string> {
    const balance = await this.store.balance(runAccount(this.#anyPod().caller.runUid))
    for (const word of meant) {
      const [group = '', count] = word.split('=')
      if (group !== 'spent') this.truth.checkMeant(group, Number(count))
      else if (balance.spentUsdMicros !== usd(Number(count))) {
        throw new Breach('books off', `${balance.spentUsdMicros} micro-dollars are booked, $${count} were spent`)
      }
    }
    const recorded = new Set(
      (await this.#stage.events()).map((event) => ('call' in event ? event.call?.callId : undefined)),
    )
    for (const { callId } of this.truth.effects) expect(recorded, 'every effect is on record').to.include(callId)
    return ''
  }

  /** `D=1 E=0 spent=1`: what there is at the end, to be compared. */
  async outcome(): Promise<string> {
    const groups = new Set([...this.#goings.values()].map(({ group }) => group))
    const effects = [...groups].toSorted().map((group) => `${group}=${this.truth.count(group)}`)
    const { spentUsdMicros } = await this.store.balance(runAccount(this.#anyPod().caller.runUid))
    return [...effects, `spent=${spentUsdMicros / 1e6}`].join(' ')
  }

  async #checkBooks(): Promise<void> {
    const [pod] = this.#pods.values()
    if (pod === undefined || this.#pruned) return
    const { moneyClass } = this.#setting
    const day = new Date(this.#stage.clock.nowMs()).toISOString().slice(0, 10)
    const ofClass = { vendor: 'stripe', moneyClass: moneyClass ?? '' }
    const account = moneyClass === undefined ? runAccount(pod.caller.runUid) : classDayAccount('default', ofClass, day)
    const balance = await this.store.balance(account)
    const rows = await Promise.all([...this.#calls].map((callId) => this.#stage.call(callId)))
    const spent = rows.reduce((sum, row) => sum + row.spentUsdMicros, 0)
    const reserved = rows.reduce((sum, row) => sum + row.reservedUsdMicros, 0)
    if (balance.spentUsdMicros !== spent || balance.reservedUsdMicros !== reserved) {
      throw new Breach('books off', 'the account is not the sum of its calls')
    }
    if (this.truth.usdMicros > spent + reserved) {
      throw new Breach('effect uncounted', `${this.truth.usdMicros} really spent, ${spent + reserved} counted`)
    }
  }

  async #checkCaps({ caller, limits, policyName, price, vendor }: S.NumberRequest): Promise<void> {
    const key = await this.store.findKey(caller.keyId)
    const day = new Date(this.#stage.clock.nowMs()).toISOString().slice(0, 10)
    const limitOf = (level: string) => limits.find((limit) => limit.level === level)?.limitUsdMicros
    const levels = [
      [runAccount(caller.runUid), key?.capUsdMicros],
      [runDayAccount(caller.runUid, day), key?.dailyCapUsdMicros],
      [policyDayAccount(policyName, day), limitOf('policy_day')],
      [vendorDayAccount(policyName, vendor, day), limitOf('policy_vendor_day')],
      [namespaceDayAccount(policyName, caller.pod?.namespace ?? '', day), limitOf('policy_namespace_day')],
      [classDayAccount(policyName, { vendor, moneyClass: price.moneyClass ?? '' }, day), limitOf('policy_class_day')],
    ] as const
    for (const [account, limit] of levels) {
      const { spentUsdMicros, reservedUsdMicros } = await this.store.balance(account)
      if (limit !== undefined && limit !== null && spentUsdMicros + reservedUsdMicros > limit) {
        throw new Breach('over the cap', `${account} holds ${spentUsdMicros + reservedUsdMicros} of ${limit}`)
      }
    }
  }

  #checkNotRevoked(call: S.CallRow): void {
    if (this.#spared !== undefined) throw new Breach('sent after revocation', `${call.callId} may be sent`)
  }

  #job(name: string): string {
    return name.includes('@') ? name : `${name}@${this.#nth}`
  }

  #anyPod(): PodState {
    const [pod] = this.#pods.values()
    if (pod === undefined) throw new Error('there is no Pod yet')
    return pod
  }
}

const REPEATS = { repeats: IDEMPOTENT, once: NEVER, tokens: ANEW } as const

/** `1.2` → boot 1, sequence 2 */
function ordOf(text: string): readonly [number, number] {
  const [boot = 1, seq = 1] = text.split('.').map(Number)
  return [boot, seq]
}

/** `as x`, `key=v` and single words, by name. */
function optionsOf(words: readonly string[]): Record<string, string | undefined> {
  const options: Record<string, string> = {}
  for (const [at, word] of words.entries()) {
    const [name = '', value] = word.split('=')
    if (value !== undefined) options[name] = value
    else if (name === 'as' || name === 'without') options[name] = words[at + 1] ?? ''
  }
  return options
}

function dollars(amount: number | undefined) {
  return amount === undefined ? null : usd(amount)
}
