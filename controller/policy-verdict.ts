import { isDeepStrictEqual } from 'node:util'
import type { PolicyView } from '../contract/operators.ts'
import type { KubeObject } from '../kube/objects.ts'
import { readPolicyObject } from '../policy/custom-resources.ts'
import { unpricedEndpoints } from '../policy/endpoints.ts'
import type { Policy } from '../policy/policy.ts'

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly observedGeneration?: number
  readonly lastTransitionTime: string
  readonly reason: string
  readonly message: string
}

interface PolicyStatus {
  readonly observedGeneration?: number
  readonly day?: string
  readonly spentTodayUsd?: string
  readonly reservedTodayUsd?: string
  readonly problems?: readonly string[]
  readonly conditions?: readonly Condition[]
}

/** A `CapPolicy` with its status. */
export interface CapPolicyState extends KubeObject {
  readonly spec: unknown
  readonly status?: PolicyStatus
}

export interface Seen {
  /** What the ledger says of the policy; undefined: it does not use it, or was not there. */
  readonly view: PolicyView | undefined
  readonly isLedgerThere: boolean
  readonly nowMs: number
}

type Verdict = Pick<Condition, 'status' | 'reason' | 'message'> & { readonly problems: readonly string[] }

const READY = 'Ready'

/** The status that the object should have; `ledger_is_behind`: the ledger does not use this spec yet. */
export function statusOf(
  object: CapPolicyState,
  { view, isLedgerThere, nowMs }: Seen,
): PolicyStatus | 'unchanged' | 'ledger_is_behind' {
  const verdict = judge(object, view, isLedgerThere)
  if (verdict === undefined) return 'ledger_is_behind'
  const { status: before = {}, metadata } = object
  const earlier = before.conditions?.find(({ type }) => type === READY)
  const { problems, ...said } = verdict
  const observed = metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }
  const ready: Condition = {
    type: READY,
    ...said,
    ...observed,
    lastTransitionTime:
      earlier?.status === said.status
        ? earlier.lastTransitionTime
        : new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const after: PolicyStatus = {
    ...observed,
    ...sumsOf(before, view),
    problems,
    conditions: [...(before.conditions ?? []).filter(({ type }) => type !== READY), ready],
  }
  return isDeepStrictEqual(before, after) ? 'unchanged' : after
}

/** The sums last known stay while nobody can be asked. */
function sumsOf(before: PolicyStatus, view: PolicyView | undefined): Partial<PolicyStatus> {
  if (view !== undefined)
    return { day: view.day, spentTodayUsd: view.spent_today_usd, reservedTodayUsd: view.reserved_today_usd }
  const { day, spentTodayUsd, reservedTodayUsd } = before
  return day === undefined || spentTodayUsd === undefined || reservedTodayUsd === undefined
    ? {}
    : { day, spentTodayUsd, reservedTodayUsd }
}

function judge(object: CapPolicyState, view: PolicyView | undefined, isLedgerThere: boolean): Verdict | undefined {
  const policy = readPolicyObject(object)
  if ('problem' in policy) {
    const kept = view === undefined ? '' : ' The spec before it stays in use.'
    return failing('SpecInvalid', [`${policy.problem}.${kept}`])
  }
  if (!isLedgerThere) {
    const message = 'The ledger does not answer the manager; its calls are refused or it is being started anew.'
    return { status: 'Unknown', reason: 'LedgerUnreachable', message, problems: [] }
  }
  if (view === undefined || !isOf(view, policy)) return undefined
  const missing = view.secrets.filter(({ is_there }) => !is_there)
  const secrets = missing.map(
    ({ name, key }) => `Secret ${name} with the key ${key} is not in jobcap's namespace, or is not of type Opaque.`,
  )
  const unpriced = policy.vendors.flatMap((vendor) =>
    unpricedEndpoints(vendor).map((endpoint) => `${vendor.name} allows ${endpoint}, which no route gives a price.`),
  )
  if (secrets.length > 0) return failing('SecretMissing', [...secrets, ...unpriced])
  if (unpriced.length > 0) return failing('RouteUnpriced', unpriced)
  return { status: 'True', reason: 'InUse', message: 'In use by the ledger; every secret is there.', problems: [] }
}

function failing(reason: string, problems: readonly string[]): Verdict {
  return { status: 'False', reason, message: problems.join(' '), problems }
}

/** Whether the ledger uses this spec, as far as it is judged here. */
function isOf({ secrets }: PolicyView, { vendors }: Policy): boolean {
  return (
    secrets.length === vendors.length &&
    vendors.every(({ secretRef }, at) => secrets[at]?.name === secretRef.name && secrets[at].key === secretRef.key)
  )
}
