import { isParallel } from '../rules/claims.ts'
import type { CapLimit, NumberRequest, SendReport } from '../store.ts'
import type { numberArguments, reportArguments } from './requests.ts'
import type { ScriptValue } from './script.ts'

type NumberArguments = ReturnType<typeof numberArguments>
type ReportArguments = ReturnType<typeof reportArguments>

/** What QUICK_NUMBER is told; undefined where the request alone shows that it is not the plainest case. */
export function quickNumber(request: NumberRequest, whole: NumberArguments) {
  if (!isPlainRequest(request) || whole.vendorAccount === null || whole.namespaceAccount === null) return undefined
  const { attempt, boot, seq, scope, digest, vendor, walk, k, core } = whole
  const place = `${scope}|${digest}|`
  return {
    ...whole,
    told: `${whole.toldHead}1${whole.toldTail}"${whole.vendorKey}1"}`,
    placeHead: `${scope}\t${digest}\t${vendor}\t${walk}`,
    placeTail: `${whole.policyAccount}\t${whole.vendorAccount}\t${whole.namespaceAccount}\n${whole.rest}`,
    lastField: `l:${attempt}|${k}`,
    scopeField: `p:${scope}`,
    progressField: `g:${scope}`,
    lowField: `S:${attempt}|${digest}`,
    occurrenceField: `n:${place}1`,
    handedField: `h:${attempt}|${digest}|1`,
    coreField: core === null ? null : `t:${scope}|${core}`,
    coreFirst: `${digest} 1 `,
    lifeField: `L:${attempt}`,
    ord: `${boot} ${seq}`,
    passed: passedText(request.limits),
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
export function quickReport({ outcome }: SendReport, whole: ReportArguments): ReportArguments | undefined {
  if (outcome.kind !== 'definite') return undefined
  const { hasEffect, sealedAnswer, givesBack, isUnexpectedReplay, totalUsdMicros } = outcome.answer
  const isKept = sealedAnswer !== null && sealedAnswer.length > 0
  return hasEffect && isKept && givesBack === null && !isUnexpectedReplay && totalUsdMicros > 0 ? whole : undefined
}
