import type { AuditEvent } from '../../contract/audit.ts'
import type { CallId, HistoryId, JobUid, KeyId, RunUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import { type Refusal, type RefusalCode, refusal } from '../../contract/refusals.ts'
import type { Shortfall } from '../recovery/durability.ts'
import type { DistributedStore, Doubted, Registry } from '../recovery/registry.ts'
import { codeOfUnknown, scopeOfPod } from '../rules/caller.ts'
import { READ_LEASE_MS } from '../rules/reads.ts'
import { LEAST_KEPT_MS } from '../rules/retention.ts'
import type * as S from '../store.ts'
import { StoreFault } from '../store.ts'
import { callOf, onRecord, repairAnswer, statusOf } from './answers.ts'
import type { Reply } from './connection.ts'
import { DurabilityLook } from './durability.ts'
import { admitPodOn, endJobOn } from './exchange.ts'
import { callMarkOf, newCallId, runTagOf, shortScope } from './layout.ts'
import type { Place } from './places.ts'
import { QuickSteps } from './quick-steps.ts'
import type { RedisReads } from './reads.ts'
import { mergeOn, mergeStandingOn, recordGivenUpOn } from './recovering.ts'
import { RedisRegistry } from './registry.ts'
import { actorText, factsText, readArguments, refusedCallText, reportArguments } from './requests.ts'
import { fixedOfKey } from './rows.ts'
import type { Script, ScriptValue } from './script.ts'
import { CREATE_KEY, OPEN_DAY_CAPS, REVOKE, SET_LIMITS } from './scripts/keys.ts'
import { PRUNE } from './scripts/prune.ts'
import { QUICK_SEEN } from './scripts/quick.ts'
import { ADMIT_READ, CLOSE_READ, RECORD_REFUSAL } from './scripts/reads.ts'
import { REPAIR, RESOLVE } from './scripts/repair.ts'
import { MARK_SENT, RECORD_SEEN, RENEW_LEASE, REPORT } from './scripts/sending.ts'
import type { Steps } from './steps.ts'

const FACTS_AT_ONCE = 500

/** The distributed engine: each step is one script in the slot of one policy. */
export class RedisStore implements DistributedStore {
  readonly registry: Registry
  readonly #steps: Steps
  readonly #reads: RedisReads
  readonly #quick: QuickSteps
  readonly #durability: DurabilityLook
  readonly #stopTicking: () => void

  constructor(steps: Steps, { reads, stopTicking }: { readonly reads: RedisReads; readonly stopTicking: () => void }) {
    this.registry = new RedisRegistry(steps.connection, reads.places, steps.install.installId)
    this.#steps = steps
    this.#reads = reads
    this.#quick = new QuickSteps(steps)
    this.#durability = new DurabilityLook(steps.connection)
    this.#stopTicking = stopTicking
  }

  get historyId(): HistoryId {
    return this.#steps.historyId
  }

  shortfalls(): Promise<readonly Shortfall[]> {
    return this.#durability.shortfalls()
  }

  onBroken(broken: () => void): void {
    this.#steps.connection.onBroken(broken)
  }

  adopt(historyId: HistoryId): void {
    this.#steps.adopt(historyId)
    // Where things are is looked for again: some of it may be lost.
    this.#reads.places.forget()
    this.#quick.forget()
  }

  onDoubt(doubted: Doubted): void {
    this.#steps.onDoubt(doubted)
    this.#steps.connection.onBroken(() => doubted('the connection to Redis was lost'))
  }

  async number(request: S.NumberRequest): Promise<S.NumberAnswer> {
    const { claims, caller, policyName } = request
    const { historyId } = this
    // Whether the caller's history is ours can be said here; whether ours is Redis', the script says.
    if (claims !== null && claims.historyId !== historyId) return { status: 'NEW_HISTORY', historyId }
    const { places } = this.#reads
    const place = places.known(caller.runUid) ?? (await places.ofRun(caller.runUid))
    if (place === undefined) return { status: 'REFUSED', refusal: refusal(codeOfUnknown(caller)) }
    if (place.policyName !== policyName)
      throw new Error(`run ${caller.runUid} is under ${place.policyName}, not ${policyName}`)
    return this.#quick.number(request, place)
  }

  async markSent(send: S.SendRef & { readonly leaseMs: number }): Promise<'marked' | 'refused'> {
    const { callId, epoch, nonce, leaseMs } = send
    const reply = await this.#ofCall(MARK_SENT, callId, { callId, epoch, nonce, leaseMs })
    return statusOf(reply) === 'marked' ? 'marked' : 'refused'
  }

  async renewLeases(sends: readonly S.SendRef[], leaseMs: number): Promise<void> {
    const byRun = new Map<string, { place: Place; lines: string }>()
    for (const { callId, epoch } of sends) {
      const place = await this.#reads.places.ofCall(callId)
      if (place === undefined) continue
      const name = `${place.policyName} ${place.runTag}`
      const of = byRun.get(name) ?? { place, lines: '' }
      of.lines += `${callId} ${epoch}\n`
      byRun.set(name, of)
    }
    await Promise.all(
      [...byRun.values()].map(({ place, lines }) => this.#steps.asked(RENEW_LEASE, place, { sends: lines, leaseMs })),
    )
  }

  report(report: S.SendReport): Promise<S.ReportAnswer> {
    return this.#quick.report(report, () => this.#ofCall(REPORT, report.callId, reportArguments(report)))
  }

  async recordSeen(
    caller: S.PodCaller,
    historyId: HistoryId,
    seen: S.NumberClaims['seen'],
  ): Promise<'recorded' | 'new_history'> {
    if (historyId !== this.historyId) return 'new_history'
    const place = await this.#reads.places.ofRun(caller.runUid)
    if (place === undefined) return 'recorded'
    const scope = shortScope(scopeOfPod(caller.runUid, caller), caller.runUid)
    for (let at = 0; at < seen.length; at += FACTS_AT_ONCE) {
      const facts = factsText(seen.slice(at, at + FACTS_AT_ONCE))
      const of = { scope, podUid: caller.podUid }
      const [, left] = await this.#steps.asked(QUICK_SEEN, place, { ...of, facts })
      if (left !== undefined && left.length > 0) await this.#steps.asked(RECORD_SEEN, place, { ...of, facts: left })
    }
    return 'recorded'
  }

  async admitRead(request: S.ReadRequest): Promise<CallId | Refusal> {
    const place = await this.#reads.places.ofRun(request.caller.runUid)
    if (place === undefined) return refusal(codeOfUnknown(request.caller))
    const callId = newCallId(place.policyName, request.caller.runUid, this.#steps.random)
    const reply = await this.#steps.once(ADMIT_READ, place, {
      ...readArguments(request, callId),
      leaseMs: READ_LEASE_MS,
    })
    if (statusOf(reply) === 'ADMITTED') return callId
    const code = reply[1]?.toString() as RefusalCode
    return request.endpoint?.code === code ? request.endpoint : refusal(code)
  }

  async closeRead(callId: CallId, status: number | null): Promise<void> {
    const place = await this.#reads.places.ofCall(callId)
    if (place !== undefined) await this.#steps.asked(CLOSE_READ, place, { callId, status: status ?? 'null' })
  }

  async recordRefusal(caller: S.Caller, refused: S.RefusedCall): Promise<void> {
    const place = await this.#reads.places.ofRun(caller.runUid)
    if (place === undefined) return
    const { code } = refused.refusal
    const told = { actor: actorText(caller), refusedCall: refusedCallText(refused), code }
    await this.#steps.once(RECORD_REFUSAL, place, told)
  }

  admitPod(request: S.AdmitPodRequest): Promise<S.AdmitPodAnswer> {
    return admitPodOn(this.#steps, this.#reads.places, request)
  }

  async endJob(runUid: RunUid, jobUid: JobUid): Promise<S.RunRow | undefined> {
    const place = await endJobOn(this.#steps, this.#reads.places, { runUid, jobUid })
    return place === undefined ? undefined : this.#reads.runAt(place)
  }

  async createKey(request: S.CreateKeyRequest): Promise<S.KeyRow> {
    const { keyId, hash, vendor, policyName, label, limits } = request
    const runUid = keyId as string as RunUid
    const place = { policyName, runTag: runTagOf(runUid) }
    await this.#reads.places.prepare(policyName)
    await this.#steps.asked(CREATE_KEY, place, {
      runTag: place.runTag,
      keyId,
      hash,
      label: JSON.stringify(label),
      fixed: fixedOfKey({ keyId, runUid, hash, vendor, policyName }),
      cap: limits.capUsdMicros ?? null,
      dayCap: limits.dailyCapUsdMicros ?? null,
      expiresMs: request.expiresAtMs,
      endpoints: JSON.stringify(request.allowedEndpoints),
    })
    return this.#keyThere(place)
  }

  async setLimits(keyId: KeyId, limits: S.Limits): Promise<S.KeyRow | undefined> {
    const place = await this.#reads.places.ofKey(keyId)
    if (place === undefined) return undefined
    const told = (limit: UsdMicros | null | undefined) => (limit === undefined ? '-' : limit)
    const [cap, dayCap] = [told(limits.capUsdMicros), told(limits.dailyCapUsdMicros)]
    await this.#steps.asked(SET_LIMITS, place, { keyId, cap, dayCap })
    return this.#keyThere(place)
  }

  async revokeKey(keyId: KeyId): Promise<S.RevokeAnswer | undefined> {
    const place = await this.#reads.places.ofKey(keyId)
    if (place === undefined) return undefined
    const [, ...named] = await this.#steps.asked(REVOKE, place, {
      runTag: place.runTag,
      keyId,
      runMark: callMarkOf(place),
    })
    const inFlight = named.flatMap((word, at) =>
      at % 2 === 0 ? [{ callId: word.toString() as CallId, sent: named[at + 1]?.toString() === '1' }] : [],
    )
    return { key: await this.#keyThere(place), inFlight }
  }

  async repair(callId: CallId, send: S.SendStart): Promise<S.RepairAnswer> {
    const { nonce, leaseMs } = send
    return repairAnswer(await this.#ofCall(REPAIR, callId, { callId, nonce, leaseMs }))
  }

  merge(call: S.JournalledCall): Promise<S.MergeAnswer> {
    return mergeOn(this.#steps, this.#reads.places, call)
  }

  mergeStanding(standing: S.JournalledStanding): Promise<void> {
    return mergeStandingOn(this.#steps, this.#reads.places, standing)
  }

  recordGivenUp(replicaId: string): Promise<void> {
    return recordGivenUpOn(this.#steps, this.#reads.places, replicaId)
  }

  async resolveByPerson(callId: CallId, word: S.PersonsWord): Promise<S.CallRow | undefined> {
    const place = await this.#reads.places.ofCall(callId)
    if (place === undefined) return undefined
    const effect = word.kind === 'effect'
    const reply = await this.#steps.once(RESOLVE, place, {
      callId,
      effect: effect ? '1' : '0',
      spent: effect ? word.spentUsdMicros : 0,
    })
    return statusOf(reply) === 'RESOLVED' ? callOf(reply) : undefined
  }

  listPrunable(keepMs: number): Promise<readonly KeyId[]> {
    return this.#reads.prunable(Math.max(keepMs, LEAST_KEPT_MS))
  }

  async prune(keyId: KeyId, { keepMs, limit }: S.PruneHow): Promise<'kept' | 'more' | 'pruned'> {
    const place = await this.#reads.places.ofKey(keyId)
    if (place === undefined) return 'pruned'
    const atLeastMs = Math.max(keepMs, LEAST_KEPT_MS)
    const reply = await this.#steps.asked(PRUNE, place, { runTag: place.runTag, keyId, keepMs: atLeastMs, limit })
    const status = statusOf(reply)
    return status === 'kept' || status === 'more' ? status : 'pruned'
  }

  async openDayCaps(): Promise<void> {
    for (const policyName of await this.#reads.places.policies()) {
      await this.#steps.asked(OPEN_DAY_CAPS, { policyName, runTag: '' }, {})
    }
  }

  findKeyByHash(hash: string): Promise<S.KeyRow | undefined> {
    return this.#reads.keyByHash(hash)
  }

  findKey(keyId: KeyId): Promise<S.KeyRow | undefined> {
    return this.#reads.key(keyId)
  }

  listKeys(filter: { readonly label?: string }): Promise<readonly S.KeyRow[]> {
    return this.#reads.keys(filter.label)
  }

  findRun(runUid: RunUid): Promise<S.RunRow | undefined> {
    return this.#reads.run(runUid)
  }

  findRunOfJob(namespace: string, job: string): Promise<S.RunRow | undefined> {
    return this.#reads.runOfJob(namespace, job)
  }

  listRuns(filter: { readonly namespace?: string; readonly isLiving?: boolean }): Promise<readonly S.RunRow[]> {
    return this.#reads.runs(filter)
  }

  countCalls(runUid: RunUid): Promise<S.RunTotals | undefined> {
    return this.#reads.countCalls(runUid)
  }

  balance(account: string): Promise<S.Balance> {
    return this.#reads.balance(account)
  }

  countedObject(runUid: RunUid, vendor: string, object: string): Promise<UsdMicros | undefined> {
    return this.#reads.countedObject(runUid, vendor, object)
  }

  findCall(callId: CallId): Promise<S.CallRow | undefined> {
    return this.#reads.call(callId)
  }

  listUnresolved(filter: { readonly limit: number; readonly afterOrder?: number }): Promise<readonly S.CallRow[]> {
    return this.#reads.unresolved(filter)
  }

  audit(query: S.AuditQuery): Promise<readonly AuditEvent[]> {
    return this.#reads.audit(query)
  }

  problem(): string | undefined {
    return this.#steps.problem()
  }

  async close(): Promise<void> {
    this.#stopTicking()
    this.#steps.connection.close()
  }

  async #keyThere(place: Place): Promise<S.KeyRow> {
    const key = await this.#reads.keyAt(place)
    if (key === undefined) throw new StoreFault(`a key of policy ${place.policyName} vanished after it was written`)
    return key
  }

  async #ofCall<Arg extends string>(
    script: Script<Arg>,
    callId: CallId,
    args: Readonly<Record<Exclude<Arg, 'isRepeated'>, ScriptValue>>,
  ): Promise<Reply> {
    const place = await this.#reads.places.ofCall(callId)
    return onRecord(place === undefined ? undefined : await this.#steps.asked(script, place, args), callId)
  }
}
