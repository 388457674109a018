import type { CapLevelName } from '../../contract/call.ts'
import type { Refusal, RefusalCode } from '../../contract/refusals.ts'
import type { CallRow, NumberAnswer, NumberRequest } from '../store.ts'
import { admitNew } from './admit-new.ts'
import { actorOf, attemptOf, recordSeenFacts, refuseKey, scopeOf } from './caller.ts'
import { claim, isParallel } from './claims.ts'
import { guardCore } from './core-guard.ts'
import { judgeExisting, replay } from './existing-call.ts'
import type { Judged, Judging, SidecarSide } from './judging.ts'
import type { Tables } from './tables.ts'
import { whichCall } from './which-call.ts'

/** A level thaws by itself, and a credential is renewed: the same request is then judged anew. A late copy is remembered by nobody. */
const ASKED_ANEW: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['stale_request', 'cap_frozen', 'credential_expired'])

/** NUMBER: which intended call this is, and whether it may go out. The rules in their order of precedence. */
export function number(tables: Tables, request: NumberRequest): NumberAnswer {
  const { claims, caller } = request
  if (claims !== null && claims.historyId !== tables.historyId && tables.rules.holds('history')) {
    return { status: 'NEW_HISTORY', historyId: tables.historyId }
  }
  if (claims !== null && caller.pod !== null && tables.rules.holds('seen_facts_stay')) {
    recordSeenFacts(tables, caller.pod, claims.seen)
  }
  const judging: Judging = { tables, request, scope: scopeOf(caller), sidecar: sidecarSide(request) }

  const dead = refuseKey(tables, caller)
  if (dead !== undefined) return refuse(judging, dead)
  const judged = judge(judging)
  switch (judged.kind) {
    case 'refused':
      rememberRefusal(judging, judged.refusal)
      return refuse(judging, judged.refusal, judged.level)
    case 'answer':
      if (judged.call !== null) rememberCall(judging, judged.call)
      return judged.answer
    case 'new':
      throw new Error('a new call was left without a judgement')
  }
}

function judge(judging: Judging): Judged {
  const found = whichCall(judging)
  if (found.kind === 'answer' || found.kind === 'refused') return found
  const existing = found.call === null ? undefined : judgeExisting(judging, found.call)
  if (existing !== undefined && existing.kind !== 'new') return existing
  if (existing === undefined) {
    const guarded = guardCore(judging)
    if (guarded !== undefined) return guarded
  }
  const admitted = admitNew(judging, existing ?? { kind: 'new', n: found.n, gen: 0, remade: null })
  // A decline that finds no room to run again stands.
  const isDecline = existing?.remade?.state === 'settled'
  return isDecline && admitted.kind === 'refused' ? replay(judging, existing.remade) : admitted
}

function sidecarSide(request: NumberRequest): SidecarSide | null {
  const { claims, caller, identity } = request
  if (claims === null || caller.pod === null) return null
  const { key, core, digest, account } = identity
  const k = key?.kind === 'named' ? `key:${request.vendor}:${account}:${key.value}` : (core ?? digest)
  return { pod: caller.pod, claims, attempt: attemptOf(caller.pod, caller.pod.life), k }
}

function refuse(judging: Judging, refused: Refusal, level?: CapLevelName): NumberAnswer {
  const { tables, request } = judging
  tables.append(actorOf(tables, request.caller), {
    event: 'call.refused',
    vendor: request.vendor,
    route: request.identity.route,
    digest: request.identity.digest,
    code: refused.code,
    level: level ?? null,
  })
  return { status: 'REFUSED', refusal: refused, ...(level === undefined ? {} : { level }) }
}

function rememberRefusal(judging: Judging, refused: Refusal): void {
  const { sidecar, tables } = judging
  if (sidecar === null || ASKED_ANEW.has(refused.code)) return
  const { identity } = judging.request
  if (isParallel(identity)) claim(tables, sidecar, { digest: identity.digest, n: null, refusal: refused })
  tables.putLast(sidecar.attempt, sidecar.k, { ord: sidecar.claims.ord, callId: null, refusal: refused })
}

function rememberCall(judging: Judging, call: CallRow): void {
  const { sidecar, tables, request, scope } = judging
  if (sidecar === null) return
  tables.putLast(sidecar.attempt, sidecar.k, { ord: sidecar.claims.ord, callId: call.callId, refusal: null })
  const { identity } = request
  const { key } = identity
  if (isParallel(identity)) claim(tables, sidecar, { digest: identity.digest, n: call.n, refusal: null })
  if (key?.kind === 'token' && call.n !== null && call.digest === request.identity.digest) {
    tables.putBinding(scope, key.value, { digest: call.digest, n: call.n })
  }
}
