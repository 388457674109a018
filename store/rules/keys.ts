import type { AuditActor } from '../../contract/audit.ts'
import { asRunUid } from '../../contract/ids.ts'
import type { CreateKeyRequest, KeyRow, Limits, RevokeAnswer } from '../store.ts'
import { runAccount } from './accounts.ts'
import { isLive } from './existing-call.ts'
import { thawByRaise } from './frozen.ts'
import { closeRead } from './reads.ts'
import { neverSent, wasNeverSent } from './repair.ts'
import { closeRunIfDone } from './run-end.ts'
import { release } from './send.ts'
import type { Tables } from './tables.ts'

/** A key for a client without a Job: it is its own run. */
export function createKey(tables: Tables, request: CreateKeyRequest): KeyRow {
  const key: KeyRow = {
    keyId: request.keyId,
    runUid: asRunUid(request.keyId),
    hash: request.hash,
    label: request.label,
    vendor: request.vendor,
    policyName: request.policyName,
    status: 'active',
    createdAtMs: tables.time.nowMs,
    expiresAtMs: request.expiresAtMs,
    allowedEndpoints: request.allowedEndpoints,
    capUsdMicros: request.limits.capUsdMicros ?? null,
    dailyCapUsdMicros: request.limits.dailyCapUsdMicros ?? null,
    limitsSetByPerson: true,
    personsLimits: ['capUsdMicros', 'dailyCapUsdMicros'],
    endedAtMs: null,
    retention: 'kept',
    version: 1,
  }
  tables.putKey(key)
  tables.addToAccount(runAccount(key.runUid), { spentUsdMicros: 0, reservedUsdMicros: 0 })
  const { capUsdMicros, dailyCapUsdMicros } = key
  tables.append(actorOfKey(tables, key), { event: 'key.created', capUsdMicros, dailyCapUsdMicros })
  return key
}

export function setLimits(tables: Tables, key: KeyRow, limits: Limits): KeyRow {
  const set = (['capUsdMicros', 'dailyCapUsdMicros'] as const).filter((name) => limits[name] !== undefined)
  const personsLimits = [...new Set([...key.personsLimits, ...set])]
  const limitsSetByPerson = personsLimits.length > 0
  const row: KeyRow = { ...key, ...limits, limitsSetByPerson, personsLimits, version: key.version + 1 }
  tables.putKey(row)
  thawByRaise(tables, row)
  const { capUsdMicros, dailyCapUsdMicros } = row
  tables.append(actorOfKey(tables, row), { event: 'key.raised', capUsdMicros, dailyCapUsdMicros })
  return row
}

/** Nothing is admitted after this; what was admitted before and is not resolved yet is named. */
export function revokeKey(tables: Tables, key: KeyRow): RevokeAnswer {
  const wasRevoked = key.status === 'revoked'
  const revoked: KeyRow = wasRevoked
    ? key
    : { ...key, status: 'revoked', endedAtMs: key.endedAtMs ?? tables.time.nowMs, version: key.version + 1 }
  if (!wasRevoked) tables.putKey(revoked)
  const inFlight: { callId: RevokeAnswer['inFlight'][number]['callId']; sent: boolean }[] = []
  for (const call of tables.unresolvedCalls(key.keyId)) {
    if (call.isRead && !isLive(tables, call)) closeRead(tables, call, null)
    else if (wasNeverSent(call) && !isLive(tables, call) && tables.rules.holds('revoke_releases_unsent')) {
      release(tables, call, neverSent())
    } else inFlight.push({ callId: call.callId, sent: call.open.length > 0 || call.isRead })
  }
  if (!wasRevoked) {
    const named = inFlight.map(({ callId }) => callId)
    tables.append(actorOfKey(tables, revoked), { event: 'key.revoked', inFlight: named })
  }
  closeRunIfDone(tables, key.runUid)
  return { key: revoked, inFlight }
}

export function actorOfKey(tables: Tables, key: KeyRow): AuditActor {
  const { keyId, runUid, label } = key
  const namespace = tables.run(runUid)?.namespace ?? null
  return { keyId, runUid, jobUid: null, podUid: null, podName: null, index: null, namespace, label }
}
