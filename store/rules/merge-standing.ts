import type { JournalledStanding, KeyRow, RunRow } from '../store.ts'
import { runAccount } from './accounts.ts'
import { freezeIfFull } from './frozen.ts'
import { actorOfKey, revokeKey } from './keys.ts'
import { actorOfRun, closeRunIfDone } from './run-end.ts'
import type { Tables } from './tables.ts'

/**
 * Replays what a journal says of a key and its run into a store that may have lost it. Revoked stays revoked and an ended
 * Job stays ended, in whichever order journals come; of limits and terms the row of the higher version holds.
 */
export function mergeStanding(tables: Tables, standing: JournalledStanding): void {
  const found = foundKey(tables, standing)
  if (found === undefined) putBack(tables, standing)
  else mergeInto(tables, found, standing)
  const key = foundKey(tables, standing)
  if (key !== undefined) freezeIfFull(tables, key)
  closeRunIfDone(tables, standing.key.runUid)
}

/** A run that was opened anew since has another key. */
function foundKey(tables: Tables, { key }: JournalledStanding): KeyRow | undefined {
  const ofRun = tables.run(key.runUid)?.keyId
  return tables.key(key.keyId) ?? (ofRun === undefined ? undefined : tables.key(ofRun))
}

function putBack(tables: Tables, { key, run }: JournalledStanding): void {
  tables.putKey(key)
  if (run !== null) tables.putRun({ ...run, isClosed: false })
  tables.addToAccount(runAccount(key.runUid), { spentUsdMicros: 0, reservedUsdMicros: 0 })
  const { capUsdMicros, dailyCapUsdMicros } = key
  if (run === null) tables.append(actorOfKey(tables, key), { event: 'key.created', capUsdMicros, dailyCapUsdMicros })
  else tables.append(actorOfRun(tables, run), { event: 'run.opened' })
  if (key.status === 'revoked') tables.append(actorOfKey(tables, key), { event: 'key.revoked', inFlight: [] })
  if (key.status === 'ended' && run !== null) tables.append(actorOfRun(tables, run), { event: 'key.ended' })
}

function mergeInto(tables: Tables, found: KeyRow, { key, run }: JournalledStanding): void {
  const isNewer = key.version > found.version
  const jobs = run === null ? undefined : mergeRun(tables, run, isNewer)
  const isOver = jobs?.every(({ isEnded }) => isEnded) ?? found.status !== 'active'
  const isRevoking = key.status === 'revoked' && found.status !== 'revoked' && tables.rules.holds('merge_revocations')
  const status = found.status === 'revoked' ? 'revoked' : isOver ? 'ended' : 'active'
  const isLeft = status !== 'active' || isRevoking
  const merged: KeyRow = {
    ...found,
    ...(isNewer && tables.rules.holds('merge_limits') ? limitsOf(key) : {}),
    version: Math.max(key.version, found.version),
    status,
    endedAtMs: isLeft ? (found.endedAtMs ?? key.endedAtMs ?? tables.time.nowMs) : null,
  }
  tables.putKey(merged)
  const { capUsdMicros, dailyCapUsdMicros } = merged
  if (capUsdMicros !== found.capUsdMicros || dailyCapUsdMicros !== found.dailyCapUsdMicros)
    tables.append(actorOfKey(tables, merged), { event: 'key.raised', capUsdMicros, dailyCapUsdMicros })
  const now = tables.run(found.runUid)
  if (status === 'ended' && found.status === 'active' && now !== undefined)
    tables.append(actorOfRun(tables, now), { event: 'key.ended' })
  if (!isRevoking) return
  const revoked = revokeKey(tables, merged)
  // It is the journal's revocation, not a further change.
  tables.putKey({ ...revoked.key, version: merged.version })
}

/** Jobs in the order in which they joined; undefined where the store knows no run. */
function mergeRun(tables: Tables, run: RunRow, isNewer: boolean): RunRow['jobs'] | undefined {
  const found = tables.run(run.runUid)
  if (found === undefined) return undefined
  const [older, newer] = isNewer ? [found.jobs, run.jobs] : [run.jobs, found.jobs]
  const told = [...older, ...newer.filter(({ uid }) => older.every((job) => job.uid !== uid))]
  const isEnded = (uid: string) => [...older, ...newer].some((job) => job.uid === uid && job.isEnded)
  const jobs = told.map((job) => ({ ...job, isEnded: isEnded(job.uid) && tables.rules.holds('merge_ended_jobs') }))
  const isLiving = jobs.some((job) => !job.isEnded)
  const terms = isNewer ? run.terms : found.terms
  const merged: RunRow = { ...found, terms, jobs, isClosed: found.isClosed && !isLiving }
  tables.putRun(merged)
  for (const { uid } of jobs) {
    if (found.jobs.some((job) => job.uid === uid)) continue
    tables.append(actorOfRun(tables, merged), { event: 'run.continued', byJobUid: uid })
  }
  return jobs
}

function limitsOf(key: KeyRow) {
  const { capUsdMicros, dailyCapUsdMicros, limitsSetByPerson, personsLimits, expiresAtMs, allowedEndpoints } = key
  return { capUsdMicros, dailyCapUsdMicros, limitsSetByPerson, personsLimits, expiresAtMs, allowedEndpoints }
}
