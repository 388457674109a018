import type { CallId } from '../../contract/ids.ts'
import { runAccount, runDayAccount } from '../rules/accounts.ts'
import { attemptOf, scopeOf } from '../rules/caller.ts'
import { isParallel } from '../rules/claims.ts'
import type { CapLimit, NumberRequest, SendReport } from '../store.ts'
import { shortDigest, shortScope } from './layout.ts'
import type { OwnCall } from './own-calls.ts'
import { actorText, fenceOf, handText, marked, ratesText, toldHead, vendorKeyHead } from './requests.ts'
import type { RestOfCall } from './rows.ts'
import type { ScriptValue } from './script.ts'
import type { QUICK_NUMBER, QUICK_REPORT } from './scripts/quick.ts'

type ArgumentsOf<Script extends { readonly args: object }> = Readonly<Record<keyof Script['args'], ScriptValue>>

/** What the request of a call does not say. */
export interface QuickCall {
  readonly callId: CallId
  /** JSON of the label of the run; undefined: not known. */
  readonly label: string | undefined
  readonly nowMs: number
}

/** A call as the quick script reserves it, if it does. */
export interface QuickNumber {
  readonly args: ArgumentsOf<typeof QUICK_NUMBER>
  /** What of it then stays on record. */
  readonly lines: string
  /** Sums that it then counts in. */
  readonly accounts: readonly string[]
  readonly vendorKey: string
}

const DAY_MS = 86_400_000

/** What QUICK_NUMBER is told; undefined where the request alone shows that it is not the plainest case. */
export function quickNumber(request: NumberRequest, { callId, label, nowMs }: QuickCall): QuickNumber | undefined {
  const { caller, claims, identity, price, repeat, send, vendor, policyName, limits } = request
  const { pod, runUid } = caller
  if (pod === null || claims === null || label === undefined || !isPlainRequest(request)) return undefined
  const dayFromMs = nowMs - (nowMs % DAY_MS)
  const day = dayOf(dayFromMs)
  const scope = shortScope(scopeOf(caller), runUid)
  const digest = shortDigest(identity.digest)
  const core = identity.core === null ? null : shortDigest(identity.core)
  const attempt = attemptOf(pod, pod.life)
  const rest = JSON.stringify({ account: identity.account, core: identity.core } satisfies RestOfCall)
  const ofPolicy = `policy/${policyName}/`
  const ofVendor = `${ofPolicy}vendor/${vendor}/`
  const ofNamespace = `${ofPolicy}namespace/${pod.namespace}/`
  const [policyAccount, vendorAccount, namespaceAccount] = [
    `${ofPolicy}${day}`,
    `${ofVendor}${day}`,
    `${ofNamespace}${day}`,
  ]
  const vendorKey = `${vendorKeyHead(request)}1`
  const limitOf = (name: CapLimit['level']) => limits.find(({ level }) => level === name)?.limitUsdMicros ?? null
  const lines = [
    `${actorText(caller)}${label}}`,
    `${toldHead(request, callId)}1,"namedKey":null,"vendorKey":${JSON.stringify(vendorKey)}}`,
    `${scope}\t${digest}\t${vendor}\t${attempt}\t${day}\t${ofPolicy}\t${ofVendor}\t${ofNamespace}`,
    rest,
  ].join('\n')
  const args = {
    who: `${caller.keyId} ${pod.jobUid}`,
    callId,
    lines,
    dayFromMs,
    dayField: `a:${day}`,
    attempt,
    lastField: `l:${attempt}|${fenceOf(request)}`,
    scopeField: `p:${scope}`,
    progressField: `g:${scope}`,
    lowField: `S:${attempt}|${digest}`,
    occurrenceField: `n:${scope}|${digest}|1`,
    coreField: core === null ? null : `t:${scope}|${core}`,
    coreFirst: `${digest} 1 `,
    lifeField: `L:${attempt}`,
    ord: `${claims.ord.boot} ${claims.ord.seq}`,
    total: price.totalUsdMicros,
    windowMs: repeat.kind === 'idempotent' ? repeat.windowMs : repeat.kind,
    nonce: send.nonce,
    leaseMs: send.leaseMs,
    sealedRequest: request.sealedRequest,
    policyLimit: limitOf('policy_day'),
    vendorLimit: limitOf('policy_vendor_day'),
    namespaceLimit: limitOf('policy_namespace_day'),
    policyAccount,
    vendorAccount,
    namespaceAccount,
    passed: passedText(limits),
    rates: ratesText(price),
  }
  const accounts = [runAccount(runUid), runDayAccount(runUid, day), policyAccount, vendorAccount, namespaceAccount]
  return { args, lines, accounts, vendorKey }
}

let lastDay = { fromMs: 0, day: '1970-01-01' }

/** Calls come thousands a day. */
function dayOf(fromMs: number): string {
  if (lastDay.fromMs !== fromMs) lastDay = { fromMs, day: new Date(fromMs).toISOString().slice(0, 10) }
  return lastDay.day
}

/** With a sidecar, in a Pod with an index, without anything that more than its content speaks for or against. */
function isPlainRequest({ caller, claims, identity, endpoint, price }: NumberRequest): boolean {
  const { pod } = caller
  if (claims === null || pod === null || pod.index === null) return false
  const isKnownByContent = identity.key === null && !isParallel(identity)
  const isPriced = price.totalUsdMicros > 0 && price.object === null && price.moneyClass === undefined
  const isCalm = claims.seen.length === 0 && claims.delivery.delivering.length === 0
  return isKnownByContent && isPriced && isCalm && endpoint === null
}

const PASSED_LEVELS = ['policy_day', 'policy_vendor_day', 'policy_namespace_day'] as const

function passedText(limits: readonly CapLimit[]): string {
  let passed = ''
  for (const name of PASSED_LEVELS) if (limits.some(({ level }) => level === name)) passed += `${name} `
  return passed
}

/** What QUICK_REPORT is told; undefined where the report alone shows that it is not the plainest case. */
export function quickReport(
  { callId, gen, outcome, handTo }: SendReport,
  { row, n, lines }: OwnCall,
): ArgumentsOf<typeof QUICK_REPORT> | undefined {
  if (outcome.kind !== 'definite') return undefined
  const { status, hasEffect, sealedAnswer, givesBack, isUnexpectedReplay, totalUsdMicros, object } = outcome.answer
  const isKept = sealedAnswer !== null && sealedAnswer.length > 0
  const isPlain = hasEffect && isKept && givesBack === null && !isUnexpectedReplay && totalUsdMicros > 0
  const [, , policyAccount, vendorAccount, namespaceAccount] = row.accounts
  if (!isPlain || policyAccount === undefined || vendorAccount === undefined || namespaceAccount === undefined)
    return undefined
  const [, , placeLine = ''] = lines.split('\n', 3)
  const [scope, digest, vendor, , day] = placeLine.split('\t', 5)
  const content = `${scope}|${digest}`
  return {
    callId,
    gen,
    status,
    sealed: sealedAnswer,
    total: totalUsdMicros,
    object: marked(object),
    objectJson: JSON.stringify(object),
    dayField: `a:${day}`,
    progressField: `g:${scope}`,
    occurrenceField: `n:${content}|${n}`,
    effectsField: `w:${content}`,
    earlyField: `y:${content}|${n}`,
    objectField: object === null ? null : `j:${vendor}|${object}`,
    policyAccount,
    vendorAccount,
    namespaceAccount,
    handField: handTo === null ? null : `h:${attemptOf(handTo.caller, handTo.caller.life)}|${digest}|${n}`,
    handTo: handTo === null ? null : handText(handTo),
  }
}
