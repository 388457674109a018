import { isParallel } from '../rules/claims.ts'
import type { CapLimit, NumberRequest, SendReport } from '../store.ts'
import type { OwnCall } from './own-calls.ts'
import type { numberArguments, reportArguments } from './requests.ts'
import type { ScriptValue } from './script.ts'

type NumberArguments = ReturnType<typeof numberArguments>
type ReportArguments = ReturnType<typeof reportArguments>

const DAY_MS = 86_400_000

/** What QUICK_NUMBER is told; undefined where the request alone shows that it is not the plainest case. */
export function quickNumber(request: NumberRequest, whole: NumberArguments, nowMs: number) {
  const { policyAccount, vendorAccount, namespaceAccount } = whole
  if (!isPlainRequest(request) || vendorAccount === null || namespaceAccount === null) return undefined
  const { attempt, boot, seq, scope, digest, vendor, walk, k, core } = whole
  const occurrence = `${scope}|${digest}|1`
  const dayFromMs = nowMs - (nowMs % DAY_MS)
  const day = new Date(dayFromMs).toISOString().slice(0, 10)
  return {
    ...whole,
    told: `${whole.toldHead}1${whole.toldTail}"${whole.vendorKey}1"}`,
    place: `${scope}\t${digest}\t${vendor}\t${walk}\t${day}\t${policyAccount}\t${vendorAccount}\t${namespaceAccount}\n${whole.rest}`,
    dayFromMs,
    dayField: `a:${day}`,
    lastField: `l:${attempt}|${k}`,
    scopeField: `p:${scope}`,
    progressField: `g:${scope}`,
    lowField: `S:${attempt}|${digest}`,
    occurrenceField: `n:${occurrence}`,
    handedField: `h:${attempt}|${digest}|1`,
    coreField: core === null ? null : `t:${scope}|${core}`,
    coreFirst: `${digest} 1 `,
    lifeField: `L:${attempt}`,
    ord: `${boot} ${seq}`,
    passed: passedText(request.limits),
    policyAccount: `${policyAccount}${day}`,
    vendorAccount: `${vendorAccount}${day}`,
    namespaceAccount: `${namespaceAccount}${day}`,
  } satisfies Record<string, ScriptValue>
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
  return PASSED_LEVELS.filter((name) => limits.some(({ level }) => level === name))
    .map((name) => `${name} `)
    .join('')
}

/** What QUICK_REPORT is told; undefined where the report alone shows that it is not the plainest case. */
export function quickReport({ outcome, handTo }: SendReport, whole: ReportArguments, { n, accounts, lines }: OwnCall) {
  if (outcome.kind !== 'definite') return undefined
  const { hasEffect, sealedAnswer, givesBack, isUnexpectedReplay, totalUsdMicros, object } = outcome.answer
  const isKept = sealedAnswer !== null && sealedAnswer.length > 0
  const isPlain = hasEffect && isKept && givesBack === null && !isUnexpectedReplay && totalUsdMicros > 0
  const [, , policyAccount, vendorAccount, namespaceAccount] = accounts
  if (!isPlain || policyAccount === undefined || vendorAccount === undefined || namespaceAccount === undefined)
    return undefined
  const [actor = '', told = '', placeLine = ''] = lines.split('\n', 3)
  const [scope, digest, vendor, , day] = placeLine.split('\t')
  const content = `${scope}|${digest}`
  return {
    ...whole,
    actor,
    told,
    dayField: `a:${day}`,
    progressField: `g:${scope}`,
    occurrenceField: `n:${content}|${n}`,
    effectsField: `w:${content}`,
    earlyField: `y:${content}|${n}`,
    objectField: object === null ? null : `j:${vendor}|${object}`,
    policyAccount,
    vendorAccount,
    namespaceAccount,
    handField: handTo === null ? null : `h:${whole.handAttempt}|${digest}|${n}`,
  } satisfies Record<string, ScriptValue>
}
