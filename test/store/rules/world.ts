import { expect } from 'chai'
import { asJobUid, type CallId } from '../../../contract/ids.ts'
import { runAccount } from '../../../store/rules/accounts.ts'
import { type Rulebook, WHOLE_RULEBOOK } from '../../../store/rules/rulebook.ts'
import type * as S from '../../../store/store.ts'
import { inMemory, LEASE_MS, type PodPlan, Stage, seenFact, told, usd } from '../stage.ts'
import { checkBooks, checkCaps } from './books.ts'
import { Disk } from './disk.ts'
import { askOf, type Going, type PodState } from './going.ts'
import { checkNotRevoked, NOT_SENT, Owner } from './owner.ts'
import type { Setting } from './setting.ts'
import { Breach, Truth } from './truth.ts'
import { dollars, optionsOf, ordOf } from './words.ts'
import { WrittenDown } from './written-down.ts'

interface WorldOptions {
  readonly isWhole: boolean
  readonly nth: number
  readonly written: WrittenDown | undefined
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
  readonly #written: WrittenDown | undefined
  readonly #owner: Owner

  /** Tells the runs of worlds on one store apart. */
  readonly #nth: number

  private constructor(stage: Stage, setting: Setting, how: WorldOptions) {
    this.#stage = stage
    this.#setting = setting
    this.#isWhole = how.isWhole
    this.#nth = how.nth
    this.#written = how.written
    const spared = () => this.#spared
    this.#owner = new Owner({ stage, setting, truth: this.truth, written: how.written, spared })
  }

  static async open(setting: Setting, rules: Rulebook): Promise<World> {
    const disk = setting.isOnDisk === true ? new Disk() : undefined
    const stage = await Stage.open(disk === undefined ? inMemory : disk.open, rules)
    const written = disk === undefined ? undefined : new WrittenDown(stage, disk)
    return new World(stage, setting, { isWhole: rules === WHOLE_RULEBOOK, nth: 1, written })
  }

  async close(): Promise<void> {
    await this.store.close()
    this.#written?.close()
  }

  /** A world with another run, on the same store. */
  next(setting: Setting): World {
    return new World(this.#stage, setting, { isWhole: this.#isWhole, nth: this.#nth + 1, written: undefined })
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
    const [pod] = this.#pods.values()
    if (pod === undefined || this.#pruned) return
    const { truth } = this
    const { moneyClass } = this.#setting
    await checkBooks(this.#stage, { runUid: pod.caller.runUid, calls: this.#calls, moneyClass, truth })
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
        return this.#pods.has(subject) ? this.#app(subject, verb, words) : this.#owned(subject, [verb, ...words])
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
    const ask = askOf(this.#setting, { pod, content, ord: [boot, seq], options })
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
      checkNotRevoked(answer.call, this.#spared)
      if (answer.isNew) await checkCaps(this.#stage, request)
    }
    return told(answer)
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

  async #owned(label: string, words: readonly string[]): Promise<string> {
    const going = this.#goings.get(label)
    if (going === undefined && this.#setting.isAnyOrder) return 'nothing to send'
    if (going === undefined) throw new Error(`nothing is called ${label}`)
    if (going.ref === undefined) return 'nothing to send'
    const came = await this.#owner.step(going, going.ref, words)
    if (came !== NOT_SENT) return came
    this.#goings.set(label, { ...going, ref: undefined })
    return 'refused'
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
    if (repaired.status === 'SEND') checkNotRevoked(repaired.call, this.#spared)
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

  async #onDisk(what: string): Promise<string> {
    if (this.#written === undefined) throw new Error('the setting has no disk')
    return what === 'saved' ? this.#written.save() : this.#written.rollBack()
  }

  /** What was changed about who may spend what is in the journal when the step is over. */
  async #noting(step: string | Promise<string>): Promise<string> {
    const came = await step
    const [pod] = this.#pods.values()
    if (pod !== undefined) await this.#written?.standing(pod.caller)
    return came
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

  #job(name: string): string {
    return name.includes('@') ? name : `${name}@${this.#nth}`
  }

  #anyPod(): PodState {
    const [pod] = this.#pods.values()
    if (pod === undefined) throw new Error('there is no Pod yet')
    return pod
  }
}
