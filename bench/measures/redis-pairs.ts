import { createHash, randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { asDigest, asJobUid, asKeyId, asNonce, asPodUid, type Digest, type JobUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import { systemClock } from '../../runtime/clock.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { parseRedisAddress } from '../../store/redis/address.ts'
import { openRedisStore } from '../../store/redis/open.ts'
import type { CapLimit, NumberRequest, PodCaller, Store } from '../../store/store.ts'
import { median } from '../figures.ts'
import type { RedisPart } from '../subjects/redis.ts'
import { startRedis } from '../subjects/redis.ts'
import type { Ground } from '../subjects/subject.ts'

const AT_ONCE = 50
const POLICY = 'default'
const CENT = 10_000 as UsdMicros
const PLENTY = 9_000_000_000_000 as UsdMicros
/** About what a charge of Stripe's and its answer come to, sealed. Bytes. */
const SEALED_BYTES = 600
/** The kernel counts CPU in ticks of 10 ms, and one of these takes 3 µs. */
const EVALSHAS = 40_000
const LEVELS = ['policy_day', 'policy_vendor_day', 'policy_namespace_day'] as const

/** A store over a Redis of its own, asked as the ledger asks it and nothing else. */
export class StoreUnderLoad {
  readonly #store: Store
  readonly #redis: RedisPart
  readonly #client: Redis
  readonly #sealed = randomBytes(SEALED_BYTES)
  #made = 0

  private constructor(store: Store, redis: RedisPart, client: Redis) {
    this.#store = store
    this.#redis = redis
    this.#client = client
  }

  static async open(ground: Ground, name: string): Promise<StoreUnderLoad> {
    const redis = await startRedis(ground, name, 'everysec')
    const address = parseRedisAddress(`redis://127.0.0.1:${redis.port}`)
    if (typeof address === 'string') throw new Error(address)
    const doors = { clock: systemClock, timers: systemTimers, random: systemRandom, log: createLog('bench', 'error') }
    const rest = { password: null, caPem: null, installId: 'bench', initialise: true }
    const store = await openRedisStore({ ...doors, ...rest, address })
    return new StoreUnderLoad(store, redis, new Redis({ host: '127.0.0.1', port: redis.port }))
  }

  /** One Pod of a Job of its own, with its vault key. */
  async admit(name: string): Promise<PodCaller> {
    const job = { name, uid: asJobUid(`job-${name}`), completionMode: 'Indexed', completions: 1 } as const
    const pod = { name, uid: asPodUid(`pod-${name}`), index: 0 }
    const answer = await this.#store.admitPod({
      ...{ purpose: 'issue', walk: null, life: null, namespace: 'bench', policyName: POLICY, job, pod },
      ...{ continues: null, keyedRunUid: null },
      terms: { capUsdMicros: PLENTY, dailyCapUsdMicros: null, allowedEndpoints: null, needsNamedKeys: false },
      sidecar: { digestVersion: 1, appKeys: 'auto', vendors: [], maxBodyBytes: 1_048_576 },
      newKey: { keyId: asKeyId(`key_${name}`), hash: `hash of ${name}`, expiresAtMs: null },
    })
    if (answer.status !== 'ADMITTED') throw new Error(`bench: ${name} was not admitted: ${answer.refusal.message}`)
    const { run, key, life } = answer
    return { ...callerOf(name, job.uid), runUid: run.runUid, keyId: key.keyId, life }
  }

  /** Redis' CPU microseconds for a reservation and its settlement; `levels` of caps declared over more than one run. */
  async pairUs(pods: readonly PodCaller[], pairs: number, levels: number): Promise<number> {
    return this.#costUs(pairs, async () => {
      this.#made += 1
      const pod = pods[this.#made % pods.length]
      if (pod !== undefined) await this.#pair(pod, this.#made, levels)
    })
  }

  /** Redis' CPU microseconds for a script that does nothing. */
  async evalshaUs(calls: number): Promise<number> {
    const sha = String(await this.#client.script('LOAD', 'return 1'))
    return this.#costUs(calls, () => this.#client.evalsha(sha, 0))
  }

  async close(): Promise<void> {
    this.#client.disconnect()
    await this.#store.close()
  }

  async #pair(pod: PodCaller, count: number, levels: number): Promise<void> {
    const numbered = await this.#store.number(this.#request(pod, count, levels))
    if (numbered.status !== 'SEND') throw new Error(`bench: a reservation came to ${JSON.stringify(numbered)}`)
    const { callId, epoch, gen } = numbered.call
    const answer = { status: 200, sealedAnswer: this.#sealed, hasEffect: true, totalUsdMicros: CENT }
    const more = { object: `pi_${count}`, givesBack: null, isUnexpectedReplay: false }
    await this.#store.report({
      ...{ callId, epoch, gen, nonce: nonceOf(count) },
      outcome: { kind: 'definite', answer: { ...answer, ...more } },
      handTo: { caller: pod, boot: 1, token: null },
    })
  }

  #request(pod: PodCaller, count: number, levels: number): NumberRequest {
    const limits: CapLimit[] = LEVELS.slice(0, levels).map((level) => ({ level, limitUsdMicros: PLENTY }))
    const [digest, core] = [digestOf(`content ${count}`), digestOf(`core ${count}`)]
    const identity = {
      route: 'POST /v1/payment_intents',
      kind: 'mutating',
      account: '',
      digest,
      core,
      key: null,
    } as const
    return {
      caller: { keyId: pod.keyId, runUid: pod.runUid, pod },
      claims: {
        ...{ historyId: this.#store.historyId, identity, life: pod.life, ord: { boot: 1, seq: count }, seen: [] },
        ...{ delivery: { intactSinceBoot: 1, delivering: [] }, saysDiverged: false, open: [] },
      },
      ...{ vendor: 'stripe', identity, endpoint: null, policyName: POLICY, limits },
      policy: { divergingReplay: 'refuse', ambiguousRepeat: 'refuse' },
      price: { totalUsdMicros: CENT, object: null },
      repeat: { kind: 'idempotent', windowMs: 82_800_000 },
      send: { nonce: nonceOf(count), leaseMs: 10_000 },
      sealedRequest: this.#sealed,
    }
  }

  async #costUs(times: number, work: () => Promise<unknown>): Promise<number> {
    const before = this.#redis.part.cpuSeconds()
    let begun = 0
    const worker = async () => {
      while (begun < times) {
        begun += 1
        await work()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return ((this.#redis.part.cpuSeconds() - before) * 1e6) / times
  }
}

/** Reservations with their settlements a second of Redis' CPU, over those of a script that does nothing. */
export async function measurePairs(ground: Ground, rounds: number, pairs: number): Promise<number> {
  const store = await StoreUnderLoad.open(ground, 'pairs-redis')
  const pod = await store.admit('pairs')
  await store.pairUs([pod], pairs, 1)
  const ratios: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const evalshaUs = await store.evalshaUs(EVALSHAS)
    ratios.push(evalshaUs / (await store.pairUs([pod], pairs, 1)))
  }
  await store.close()
  return median(ratios)
}

function callerOf(name: string, jobUid: JobUid) {
  return { jobUid, podUid: asPodUid(`pod-${name}`), podName: name, index: 0, namespace: 'bench' }
}

function digestOf(text: string): Digest {
  return asDigest(createHash('sha256').update(text).digest('hex'))
}

const nonceOf = (count: number) => asNonce(count.toString(16).padStart(16, '0'))
