import type { RunUid, WalkId } from '../../contract/ids.ts'
import { asRunUid } from '../../contract/ids.ts'
import type { UsdMicros } from '../../contract/money.ts'
import { type Refusal, type RefusalCode, refusal } from '../../contract/refusals.ts'
import type { AdmitPodAnswer, AdmitPodRequest, KeyRow, Limits, RunRow } from '../store.ts'
import { runAccount } from './accounts.ts'
import { attemptOf, refuseDeadKey, scopeOfPod } from './caller.ts'
import { actorOfRun } from './run-end.ts'
import type { PodRow, Tables } from './tables.ts'

type RunFound = { readonly run: RunRow } | { readonly refusal: Refusal }

/** The first exchange of a run opens it; a continuing Job, or one with the run's key, joins it; every Pod gets its place and its life. */
export function admitPod(tables: Tables, request: AdmitPodRequest): AdmitPodAnswer {
  const found = runFor(tables, request)
  if ('refusal' in found) return { status: 'REFUSED', refusal: found.refusal }
  const { run } = found
  const key = tables.key(run.keyId)
  if (key === undefined) throw new Error(`run ${run.runUid} has no key`)
  const dead = refuseDeadKey(tables, key) ?? refuseOldJob(run, request)
  if (dead !== undefined) return { status: 'REFUSED', refusal: dead }
  const now = resized(tables, run, request)
  return { status: 'ADMITTED', run: now, key, life: placePod(tables, now, request) }
}

/** The completions of an elastic Job change while it lives; whoever continues it says those that it had last. */
function resized(tables: Tables, run: RunRow, { job }: AdmitPodRequest): RunRow {
  if (run.completions === job.completions) return run
  const now = { ...run, completions: job.completions }
  tables.putRun(now)
  return now
}

function runFor(tables: Tables, request: AdmitPodRequest): RunFound {
  const known = tables.runOfJob(request.job.uid)
  if (known !== undefined) return { run: known }
  if (tables.isEndedJob(request.job.uid)) return { refusal: refusal('key_ended') }
  const { keyedRunUid } = request
  if (keyedRunUid !== null && tables.run(keyedRunUid) !== undefined) return continueRun(tables, request, keyedRunUid)
  if (request.continues === null) return { run: openRun(tables, request) }
  return continueRun(tables, request, request.continues)
}

function refuseOldJob(run: RunRow, { job }: AdmitPodRequest): Refusal | undefined {
  const newest = run.jobs.at(-1)
  if (newest?.uid === job.uid && !newest.isEnded) return undefined
  return refusal('key_ended')
}

function openRun(tables: Tables, request: AdmitPodRequest): RunRow {
  const { job, newKey, terms, namespace, policyName } = request
  const runUid: RunUid = request.keyedRunUid ?? asRunUid(job.uid)
  const run: RunRow = {
    runUid,
    keyId: newKey.keyId,
    namespace,
    policyName,
    completionMode: job.completionMode,
    completions: job.completions,
    jobs: [{ uid: job.uid, name: job.name, isEnded: false }],
    terms,
    sidecar: request.sidecar,
    openedAtMs: tables.time.nowMs,
    isFinal: false,
    isClosed: false,
  }
  tables.putKey({
    keyId: newKey.keyId,
    runUid,
    hash: newKey.hash,
    label: `${namespace}/${job.name}`,
    vendor: null,
    policyName,
    status: 'active',
    createdAtMs: tables.time.nowMs,
    expiresAtMs: newKey.expiresAtMs,
    allowedEndpoints: terms.allowedEndpoints,
    capUsdMicros: terms.capUsdMicros,
    dailyCapUsdMicros: terms.dailyCapUsdMicros,
    limitsSetByPerson: false,
    personsLimits: [],
    endedAtMs: null,
    retention: 'kept',
    version: 1,
  })
  tables.putRun(run)
  tables.addToAccount(runAccount(runUid), { spentUsdMicros: 0, reservedUsdMicros: 0 })
  tables.append(actorOfRun(tables, run), { event: 'run.opened' })
  return run
}

function continueRun(tables: Tables, request: AdmitPodRequest, earlier: string): RunFound {
  const byUid = tables.run(asRunUid(earlier)) ?? tables.runOfJob(earlier as AdmitPodRequest['job']['uid'])
  const run = byUid ?? tables.runOfJobName(request.namespace, earlier)
  if (run === undefined) {
    return { refusal: continueUnknown(request, earlier) }
  }
  const key = tables.key(run.keyId)
  if (key === undefined) throw new Error(`run ${run.runUid} has no key`)
  const refused = refuseContinuing(tables, { run, key, request })
  if (refused !== undefined) return { refusal: refused }
  const continued: RunRow = {
    ...run,
    jobs: [...run.jobs, { uid: request.job.uid, name: request.job.name, isEnded: false }],
    terms: request.terms,
    isClosed: false,
  }
  tables.putRun(continued)
  tables.putKey(revivedKey(tables, key, request))
  tables.append(actorOfRun(tables, continued), { event: 'run.continued', byJobUid: request.job.uid })
  return { run: continued }
}

/** The new Job's terms replace the run's, never below what is spent; limits set by a person stay. */
function revivedKey(tables: Tables, key: KeyRow, { terms, newKey }: AdmitPodRequest): KeyRow {
  const spent = tables.account(runAccount(key.runUid))
  const floor = spent?.spentUsdMicros ?? 0
  const cap = terms.capUsdMicros === null ? null : (Math.max(terms.capUsdMicros, floor) as UsdMicros)
  const isPersons = (limit: keyof Limits) =>
    key.personsLimits.includes(limit) && tables.rules.holds('persons_limits_stay')
  return {
    ...key,
    ...(isPersons('capUsdMicros') ? {} : { capUsdMicros: cap }),
    ...(isPersons('dailyCapUsdMicros') ? {} : { dailyCapUsdMicros: terms.dailyCapUsdMicros }),
    status: 'active',
    endedAtMs: null,
    expiresAtMs: newKey.expiresAtMs,
    allowedEndpoints: terms.allowedEndpoints,
    version: key.version + 1,
  }
}

/** What a continued run must share with the Job that continues it; the first difference is named. */
function refuseContinuing(
  tables: Tables,
  { run, key, request }: { run: RunRow; key: KeyRow; request: AdmitPodRequest },
): Refusal | undefined {
  if (!tables.rules.holds('continue_conditions')) return undefined
  const { job } = request
  if (run.namespace !== request.namespace) return differs('namespace', run.namespace, request.namespace)
  if (key.status === 'revoked') return refusal('continue_revoked')
  if (key.retention !== 'kept' && tables.rules.holds('pruned_not_continued')) return refusal('run_too_old')
  if (run.isFinal) return restoredRun()
  const living = run.jobs.find(({ isEnded }) => !isEnded)
  if (living !== undefined) return lives(living.name)
  if (run.policyName !== request.policyName) return differs('policy', run.policyName, request.policyName)
  if (run.completionMode !== job.completionMode)
    return differs('completionMode', run.completionMode, job.completionMode)
  if (run.completions !== job.completions) return differs('completions', run.completions, job.completions)
  // What is on record may be of an older jobcap than the type knows.
  const digestVersion: number = run.sidecar.digestVersion
  if (digestVersion !== request.sidecar.digestVersion) {
    return differs('digest version', digestVersion, request.sidecar.digestVersion)
  }
  return undefined
}

export function continueUnknown({ namespace }: AdmitPodRequest, earlier: string): Refusal {
  return told('continue_unknown', `There is no run of a Job "${earlier}" in namespace ${namespace}.`)
}

export function lives(jobName: string): Refusal {
  return told('continue_running', `Job ${jobName} of the run still lives.`)
}

export function restoredRun(): Refusal {
  return told('run_too_old', 'The store was put back from a copy, so no earlier run can be continued.')
}

/** A field of a run or a Job. */
export type FieldValue = string | number | null

export function differs(field: string, ofRun: FieldValue, ofJob: FieldValue): Refusal {
  if (field === 'completions') return told('continue_mismatch', otherCompletions(ofRun, ofJob))
  return told('continue_mismatch', `The ${field} of the run is ${String(ofRun)}, the Job says ${String(ofJob)}.`)
}

function otherCompletions(ofRun: FieldValue, ofJob: FieldValue): string {
  const change = ofRun === null ? 'leave spec.completions away' : `set spec.completions to ${ofRun}`
  return `The run has ${ofRun ?? 'no'} completions, the Job ${ofJob ?? 'none'}: ${change}.`
}

function told(code: RefusalCode, message: string): Refusal {
  return refusal(code, message)
}

/** So many walks of a Pod are known again. An app may begin anew without end; a copy is not later than that. */
export const WALKS_KEPT = 64

/**
 * A new walk begins at the issuer's own run or at `begin`, once, and only if calls may have been made since the last one.
 * Asked late by a copy of the request, it would take the Pod's credential from under an app in the middle of its walk.
 */
function placePod(tables: Tables, run: RunRow, request: AdmitPodRequest): number {
  const { pod, job, purpose, walk, life } = request
  const row = tables.pod(pod.uid)
  if (row === undefined || row.life < (life ?? 0)) return placeAnew(tables, run, { request, row })
  const isNewWalk =
    purpose === 'renew' ? !tables.rules.holds('renew_keeps_life') : tables.rules.holds('new_walk_new_life')
  if (!isNewWalk || isKnown(tables, row, walk)) return row.life
  // Of a Pod that has had a life the store may have lost the calls.
  const hasCalls = life !== null || tables.hasCalls(attemptOf({ podUid: pod.uid }, row.life))
  tables.putPod({ ...row, life: hasCalls ? row.life + 1 : row.life, walks: withWalk(row.walks, walk) })
  if (!hasCalls) return row.life
  return begin(tables, run, { pod, job, life: row.life + 1 })
}

/** The first of the Pod; or the store has lost its place or its life, and with them what it called: a walk that begins is another. */
function placeAnew(
  tables: Tables,
  run: RunRow,
  { request, row }: { request: AdmitPodRequest; row: PodRow | undefined },
): number {
  const { pod, job, purpose, walk } = request
  const told = request.life ?? 0
  const life = told > 0 && purpose === 'renew' ? told : told + 1
  tables.putPod({
    podUid: pod.uid,
    runUid: run.runUid,
    jobUid: job.uid,
    scope: row?.scope ?? scopeOfPod(run.runUid, { index: pod.index, podUid: pod.uid }),
    order: row?.order ?? tables.nextPodOrder(),
    life,
    walks: withWalk(row?.walks ?? [], walk),
  })
  return begin(tables, run, { pod, job, life })
}

function withWalk(walks: readonly WalkId[], walk: WalkId | null): readonly WalkId[] {
  return walk === null ? walks : [...walks, walk].slice(-WALKS_KEPT)
}

function isKnown(tables: Tables, { walks }: PodRow, walk: WalkId | null): boolean {
  return walk !== null && walks.includes(walk) && tables.rules.holds('walk_begins_once')
}

function begin(
  tables: Tables,
  run: RunRow,
  began: { pod: AdmitPodRequest['pod']; job: AdmitPodRequest['job']; life: number },
): number {
  const { pod, job, life } = began
  const actor = { ...actorOfRun(tables, run), jobUid: job.uid, podUid: pod.uid, podName: pod.name, index: pod.index }
  tables.append(actor, { event: 'attempt.began', life })
  return life
}
