import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { RunUid } from '../../../contract/ids.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import type { DistributedStore } from '../../../store/recovery/registry.ts'
import { parseRedisAddress } from '../../../store/redis/address.ts'
import { INSTALL_KEY, newCallId, policyKeys } from '../../../store/redis/layout.ts'
import { openRedisStore } from '../../../store/redis/open.ts'
import type { StoredState } from '../../../tools/sim/store/memory-tables.ts'
import type { TakenStep } from '../../../tools/sim/store/taken-steps.ts'
import { SILENT, seededRandom } from '../stage.ts'
import { difference, Words } from './side.ts'

/** The only policy of the simulation. */
const POLICY = 'default'
const { meta } = policyKeys(POLICY)
/** After a merge the two engines number on from different places; what comes after what is the same. */
const OF_THE_ENGINE = ['seq']
/** Of the simulation's own ids. */
const SIM_CALL = /^call_[0-9a-f]{24}$/

export interface ReplayOptions {
  /** Of a Redis on loopback whose data may be thrown away. */
  readonly port: number
  /** A bug planted in the scripts. */
  readonly altered?: (lua: string) => string
}

type Held = Pick<StoredState, 'steps' | 'calls' | 'keys' | 'runs' | 'accounts' | 'events'>

/**
 * The steps of a simulated run once more, on the scripts of a real Redis: each answer must be the one that the rules gave.
 * Two things in the record are known to differ, one run in a thousand: a call of a run that Redis has lost is refused
 * without an event, as no slot is known for it; and a call under a key that another took the place of bears the run's label.
 */
export class Replay {
  readonly #options: ReplayOptions
  readonly #admin: Redis
  readonly #random = seededRandom(1)
  /** Each ledger process believes by itself where things are. */
  readonly #ledgers = new Map<string, DistributedStore>()
  readonly #rules = new Words(() => this.#step?.time.monotonicMs ?? 0, OF_THE_ENGINE)
  readonly #scripts = new Words(() => this.#nowMs(), OF_THE_ENGINE)
  #step: TakenStep | undefined
  #historyId = ''

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#admin = new Redis({ host: '127.0.0.1', port: options.port })
  }

  async run({ steps, ...state }: Held): Promise<void> {
    await this.#admin.flushall()
    for (const [at, step] of steps.entries()) {
      await this.#moveTo(step)
      const [name, ...args] = step.asked
      const store = await this.#storeOf(step.ledger)
      const method = store[name].bind(store) as (...given: unknown[]) => Promise<unknown>
      const answer = await method(...(this.#translated(args) as unknown[])).catch((fault: unknown) => fault)
      this.#compare(`step ${at + 1}, ${name}`, step.answer, answer)
    }
    await this.#compareEnds(state)
  }

  async close(): Promise<void> {
    for (const store of this.#ledgers.values()) await store.close()
    this.#admin.disconnect()
  }

  #nowMs(): number {
    return this.#step?.time.nowMs ?? 0
  }

  /** The time in Redis, and the history under which its ledgers are after a recovery. */
  async #moveTo(step: TakenStep): Promise<void> {
    this.#step = step
    await this.#admin.hset(meta, 'test_now_ms', String(this.#nowMs()))
    if (step.historyId === this.#historyId) return
    this.#historyId = step.historyId
    if (this.#ledgers.size === 0) return
    await this.#admin.hset(INSTALL_KEY, 'history', step.historyId)
    if ((await this.#admin.hexists(meta, 'history')) === 1) await this.#admin.hset(meta, 'history', step.historyId)
    for (const store of this.#ledgers.values()) store.adopt(step.historyId)
  }

  async #storeOf(ledger: string): Promise<DistributedStore> {
    const known = this.#ledgers.get(ledger)
    if (known !== undefined) return known
    const { port, altered } = this.#options
    const address = parseRedisAddress(`redis://127.0.0.1:${port}`)
    if (typeof address === 'string') throw new Error(address)
    const clock = { nowMs: () => this.#nowMs(), monotonicMs: () => systemClock.monotonicMs() }
    const opened = await openRedisStore({
      ...{ clock, random: this.#random, timers: systemTimers, log: SILENT, address, password: null, caPem: null },
      ...{ installId: 'test', initialise: true, hasTestTime: true, ...(altered === undefined ? {} : { altered }) },
    })
    if (this.#ledgers.size === 0) await this.#admin.hset(INSTALL_KEY, 'history', this.#historyId)
    opened.adopt(this.#historyId as DistributedStore['historyId'])
    this.#ledgers.set(ledger, opened)
    return opened
  }

  /** What was said to the rules, with the scripts' ids of calls. */
  #translated(value: unknown): unknown {
    if (typeof value === 'string') return SIM_CALL.test(value) ? this.#idOf(value) : value
    if (Array.isArray(value)) return value.map((each) => this.#translated(each))
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#translated(each)]))
  }

  #idOf(simulated: string): string {
    const known = this.#scripts.idOf(this.#rules.labelOf(simulated))
    if (known !== undefined) return known
    // Of a record that the store has lost; a journal still knows it.
    const made = newCallId(POLICY, 'job-1' as RunUid, this.#random)
    this.#scripts.labelOf(made)
    return made
  }

  #compare(what: string, ofRules: unknown, ofScripts: unknown): void {
    const plain = (words: Words, answer: unknown) =>
      answer instanceof Error ? `thrown: ${answer.name}` : words.plain(answer)
    const rules = plain(this.#rules, ofRules)
    const scripts = plain(this.#scripts, ofScripts)
    const told = ofScripts instanceof Error ? ` (${ofScripts.message})` : ''
    expect(scripts, `${what}: ${difference(rules, scripts)}${told}`).to.deep.equal(rules)
  }

  /** What there is at the end, as whoever asks is told. */
  async #compareEnds({ calls, keys, runs, accounts, events }: Omit<Held, 'steps'>): Promise<void> {
    const [store] = this.#ledgers.values()
    if (store === undefined) return
    for (const row of calls.values())
      this.#compare(`at the end, ${row.callId}`, row, await store.findCall(this.#idOf(row.callId) as typeof row.callId))
    for (const row of keys.values()) this.#compare(`at the end, ${row.keyId}`, row, await store.findKey(row.keyId))
    for (const row of runs.values()) this.#compare(`at the end, ${row.runUid}`, row, await store.findRun(row.runUid))
    for (const [name, sum] of accounts) this.#compare(`at the end, ${name}`, sum, await store.balance(name))
    this.#compare('the record', events, await store.audit({ afterSeq: 0, limit: 1_000_000 }))
  }
}
