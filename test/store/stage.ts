import { createHash } from 'node:crypto'
import type { CallIdentity, SeenFact } from '../../contract/call.ts'
import {
  asDigest,
  asJobUid,
  asKeyId,
  asNonce,
  asPodUid,
  asRunUid,
  asWalkId,
  type CallId,
  type Digest,
} from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import type { Clock } from '../../runtime/clock.ts'
import { createLog } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Rulebook } from '../../store/rules/rulebook.ts'
import { openSqliteStore } from '../../store/sqlite/open.ts'
import type * as S from '../../store/store.ts'

export const LEASE_MS = 10_000
/** How long the vendor of these tests is asked again under one key: an hour less than it keeps keys. */
export const WINDOW_MS = 23 * 60 * 60 * 1000
export const DAY_MS = 24 * 60 * 60 * 1000
export const START_MS = Date.UTC(2026, 10, 22, 9, 0, 0)
export const IDEMPOTENT: S.Repeat = { kind: 'idempotent', windowMs: WINDOW_MS }
export const NEVER: S.Repeat = { kind: 'never' }
export const ANEW: S.Repeat = { kind: 'anew' }

export const usd = (dollars: number): UsdMicros => Math.round(dollars * 1_000_000) as UsdMicros
export const micros = (amount: number): UsdMicros => amount as UsdMicros

/** A clock that only the test moves. */
export class TestClock implements Clock {
  wallMs = START_MS
  passedMs = 5_000

  nowMs(): number {
    return this.wallMs
  }

  monotonicMs(): number {
    return this.passedMs
  }

  pass(ms: number): void {
    this.wallMs += ms
    this.passedMs += ms
  }
}

/** Uniform in 0 … below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function seededRandom(seed: number): Random {
  const next = seeded(seed)
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => Math.floor(next() * 256)))
  return {
    hex: (count) => bytes(count).toString('hex'),
    bytes,
    uuid: () =>
      bytes(16)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  }
}

export interface OpenOptions {
  readonly clock: Clock
  readonly random: Random
  readonly rules?: Rulebook
}

/** How a suite gets a fresh, empty store of the engine under test. */
export type OpenStore = (options: OpenOptions) => Promise<S.Store>

export type OpenRecoverable = (options: OpenOptions) => Promise<S.RecoverableStore>

export const SILENT = createLog('store', 'silent')

export const inMemory: OpenRecoverable = (options) => openSqliteStore({ path: ':memory:', log: SILENT, ...options })

export function digestOf(content: string): Digest {
  return asDigest(createHash('sha256').update(content).digest('hex'))
}

const walkOf = (name: string) => asWalkId(digestOf(name).slice(0, 32))

export type PodsCaller = S.Caller & { readonly pod: S.PodCaller }

export interface PodPlan {
  readonly job?: string
  readonly index?: number | null
  readonly purpose?: S.AdmitPodRequest['purpose']
  readonly life?: number
  readonly walk?: string
  readonly continues?: string | null
  readonly keyedRun?: string
  readonly namespace?: string
  readonly policyName?: string
  readonly completions?: number | null
  readonly digestVersion?: number
  readonly expiresAtMs?: number | null
  readonly terms?: Partial<S.RunTermsRow>
}

export interface Ask {
  readonly content?: string
  /** Null: the call names no counterparty. */
  readonly core?: string | null
  readonly key?: CallIdentity['key']
  /** `[boot, seq]`; by default the next one of the caller. Null: a client without a sidecar. */
  readonly ord?: readonly [number, number] | null
  readonly usd?: number
  readonly micros?: number
  readonly object?: string | null
  readonly repeat?: S.Repeat
  readonly limits?: readonly S.CapLimit[]
  /** With a cap of its own. */
  readonly moneyClass?: string
  readonly ratesHash?: string
  readonly vendor?: string
  readonly endpoint?: S.NumberRequest['endpoint']
  readonly policy?: Partial<S.NumberRequest['policy']>
  readonly policyName?: string
  readonly seen?: readonly SeenFact[]
  readonly delivering?: readonly number[]
  readonly intactSinceBoot?: number | null
  readonly saysDiverged?: boolean
  /** Default: `mutating`. */
  readonly kind?: CallIdentity['kind']
  /** LLM routes: what else is open. */
  readonly open?: readonly (readonly [boot: number, seq: number])[]
  readonly historyId?: S.Store['historyId']
  readonly nonce?: string
}

/** A store, a clock, and requests with everything filled in that a test does not speak of. */
export class Stage {
  readonly clock = new TestClock()
  readonly random: Random
  store!: S.Store
  #seq = 0
  #nonces = 0

  constructor(seed = 1) {
    this.random = seededRandom(seed)
  }

  static async open(open: OpenStore, rules?: Rulebook, seed = 1): Promise<Stage> {
    const stage = new Stage(seed)
    stage.store = await open({ clock: stage.clock, random: stage.random, ...(rules === undefined ? {} : { rules }) })
    return stage
  }

  nonce(): string {
    this.#nonces += 1
    return this.#nonces.toString(16).padStart(16, '0')
  }

  exchange(pod: string, plan: PodPlan = {}): Promise<S.AdmitPodAnswer> {
    const { job = 'job-1', index = 0, terms } = plan
    const completionMode = index === null ? 'NonIndexed' : 'Indexed'
    return this.store.admitPod({
      purpose: plan.purpose ?? 'issue',
      walk: plan.walk === undefined ? null : walkOf(plan.walk),
      life: plan.life ?? null,
      namespace: plan.namespace ?? 'billing',
      policyName: plan.policyName ?? 'default',
      job: {
        name: `${job}-name`,
        uid: asJobUid(job),
        completionMode,
        completions: plan.completions === undefined ? 2 : plan.completions,
      },
      pod: { name: `${pod}-name`, uid: asPodUid(pod), index },
      continues: plan.continues ?? null,
      keyedRunUid: plan.keyedRun === undefined ? null : asRunUid(plan.keyedRun),
      terms: {
        capUsdMicros: null,
        dailyCapUsdMicros: null,
        allowedEndpoints: null,
        needsNamedKeys: false,
        ...terms,
      },
      sidecar: {
        digestVersion: (plan.digestVersion ?? 1) as 1,
        appKeys: 'auto',
        vendors: [],
        maxBodyBytes: 1_000_000,
      },
      newKey: {
        keyId: asKeyId(`key_of_${job}`),
        hash: `hash of ${job}`,
        expiresAtMs: plan.expiresAtMs === undefined ? START_MS + 30 * DAY_MS : plan.expiresAtMs,
      },
    })
  }

  /** The Pod's first exchange, which must succeed; returns its caller. */
  async pod(pod: string, plan: PodPlan = {}): Promise<PodsCaller> {
    const admitted = await this.exchange(pod, plan)
    if (admitted.status !== 'ADMITTED') throw new Error(`Pod ${pod} was refused: ${admitted.refusal.message}`)
    return this.callerOf(pod, plan, admitted)
  }

  callerOf(
    pod: string,
    plan: PodPlan,
    { run, key, life }: Extract<S.AdmitPodAnswer, { status: 'ADMITTED' }>,
  ): PodsCaller {
    const { job = 'job-1', index = 0, namespace = 'billing' } = plan
    return {
      keyId: key.keyId,
      runUid: run.runUid,
      pod: {
        keyId: key.keyId,
        runUid: run.runUid,
        jobUid: asJobUid(job),
        podUid: asPodUid(pod),
        podName: `${pod}-name`,
        namespace,
        index,
        life,
      },
    }
  }

  /** A key made by hand, and its caller. */
  async key(name: string, limits: S.Limits = {}): Promise<S.Caller> {
    const keyId = asKeyId(`key_${name}`)
    await this.store.createKey({
      keyId,
      hash: `hash of ${name}`,
      vendor: 'stripe',
      policyName: 'default',
      label: name,
      expiresAtMs: null,
      limits,
      allowedEndpoints: null,
    })
    return { keyId, runUid: asRunUid(keyId), pod: null }
  }

  identity(ask: Ask): CallIdentity {
    const { content = 'D', core = null } = ask
    return {
      route: 'POST /v1/charges',
      kind: ask.kind ?? 'mutating',
      account: '',
      digest: digestOf(content),
      core: core === null ? null : digestOf(`core ${core}`),
      key: ask.key ?? null,
    }
  }

  request(caller: S.Caller, ask: Ask = {}): S.NumberRequest {
    this.#seq += 1
    const ord = ask.ord === undefined ? ([1, this.#seq] as const) : ask.ord
    const claims =
      caller.pod === null || ord === null
        ? null
        : {
            historyId: ask.historyId ?? this.store.historyId,
            ord: { boot: ord[0], seq: ord[1] },
            seen: ask.seen ?? [],
            delivery: { intactSinceBoot: ask.intactSinceBoot ?? null, delivering: ask.delivering ?? [] },
            saysDiverged: ask.saysDiverged ?? false,
            open: (ask.open ?? []).map(([boot, seq]) => ({ boot, seq })),
          }
    return {
      caller,
      claims,
      vendor: ask.vendor ?? 'stripe',
      identity: this.identity(ask),
      policy: { divergingReplay: 'refuse', ambiguousRepeat: 'refuse', ...ask.policy },
      endpoint: ask.endpoint ?? null,
      price: {
        totalUsdMicros: micros(ask.micros ?? usd(ask.usd ?? 1)),
        object: ask.object ?? null,
        ...(ask.moneyClass === undefined ? {} : { moneyClass: ask.moneyClass }),
        ...(ask.ratesHash === undefined ? {} : { ratesHash: ask.ratesHash }),
      },
      limits: ask.limits ?? [],
      policyName: ask.policyName ?? 'default',
      repeat: ask.repeat ?? IDEMPOTENT,
      send: { nonce: asNonce(ask.nonce ?? this.nonce()), leaseMs: LEASE_MS },
      sealedRequest: Buffer.from(`sealed ${ask.content ?? 'D'}`),
    }
  }

  ask(caller: S.Caller, ask: Ask = {}): Promise<S.NumberAnswer> {
    return this.store.number(this.request(caller, ask))
  }

  /** Asks for a call that must go out; returns the record and how to name its send. */
  async send(caller: S.Caller, ask: Ask = {}): Promise<{ call: S.CallRow; ref: S.SendRef }> {
    const request = this.request(caller, ask)
    const answer = await this.store.number(request)
    if (answer.status !== 'SEND') throw new Error(`expected SEND, got ${told(answer)}`)
    const { call } = answer
    return { call, ref: { callId: call.callId, epoch: call.epoch, gen: call.gen, nonce: request.send.nonce } }
  }

  settle(ref: S.SendRef, answer: Partial<S.DefiniteAnswer> = {}, handTo: S.HandTo | null = null) {
    return this.store.report({ ...ref, outcome: { kind: 'definite', answer: definite(answer) }, handTo })
  }

  found(ref: S.SendRef, candidates: readonly (Partial<S.FoundAnswer> & { readonly object: string })[]) {
    const whole = candidates.map((found) => ({ ...definite(found), object: found.object }))
    return this.store.report({ ...ref, outcome: { kind: 'found', candidates: whole }, handTo: null })
  }

  notSent(ref: S.SendRef, reason = 'connection refused') {
    return this.store.report({
      ...ref,
      outcome: { kind: 'not_sent', notSent: { refusal: null, sealedAnswer: null, reason } },
      handTo: null,
    })
  }

  unknown(ref: S.SendRef, isSaved = false) {
    const reason = isSaved ? 'the vendor answered 500' : 'no answer in time'
    return this.store.report({ ...ref, outcome: { kind: 'unknown', reason, isSaved }, handTo: null })
  }

  repair(callId: CallId, nonce = this.nonce()): Promise<S.RepairAnswer> {
    return this.store.repair(callId, { nonce: asNonce(nonce), leaseMs: LEASE_MS })
  }

  mark(ref: S.SendRef): Promise<'marked' | 'refused'> {
    return this.store.markSent({ ...ref, leaseMs: LEASE_MS })
  }

  /** Everything on record, in order. */
  async events() {
    return [...(await this.store.audit({ afterSeq: 0, limit: 1_000_000 }))]
  }

  async call(callId: CallId): Promise<S.CallRow> {
    const call = await this.store.findCall(callId)
    if (call === undefined) throw new Error(`${callId} is not on record`)
    return call
  }
}

export function definite(answer: Partial<S.DefiniteAnswer> = {}): S.DefiniteAnswer {
  return {
    status: 200,
    sealedAnswer: Buffer.from('sealed answer'),
    hasEffect: true,
    totalUsdMicros: usd(1),
    object: null,
    givesBack: null,
    isUnexpectedReplay: false,
    ...answer,
  }
}

export function seenFact(content: string, n: number, by: Partial<Pick<SeenFact, 'token' | 'life'>> = {}): SeenFact {
  return { life: 1, digest: digestOf(content), n, token: null, ...by }
}

/** An answer of NUMBER in a word: `SEND n=1`, `REFUSED cap_exhausted`. */
export function told(answer: S.NumberAnswer): string {
  switch (answer.status) {
    case 'REFUSED':
      return `REFUSED ${answer.refusal.code}`
    case 'SEND':
    case 'REPLAY':
    case 'IN_DOUBT':
      return answer.call.n === null ? answer.status : `${answer.status} n=${answer.call.n}`
    case 'NEW_HISTORY':
    case 'NOT_SENT':
    case 'JOIN':
    case 'WAIT':
      return answer.status
  }
}

/** What an exchange came to: its status, or the refusal with its sentence. */
export function toldOfExchange(answer: S.AdmitPodAnswer): string {
  return answer.status === 'REFUSED' ? `${answer.refusal.code}: ${answer.refusal.message}` : answer.status
}
