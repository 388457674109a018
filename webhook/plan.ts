import { INJECT_LABEL } from '../contract/labels.ts'
import type { RefusalCode } from '../contract/refusals.ts'
import type { TermsAsked } from '../contract/workload.ts'
import type { Policy } from '../policy/policy.ts'
import { policyFor } from '../policy/selection.ts'
import { judgeTerms } from '../policy/terms.ts'
import { readAsks, warnOfStrayAnnotations } from './plan/asks.ts'
import { makeIndexed, objectionToIndexedName, replaceOnlyEndedPods } from './plan/completion.ts'
import { addContainers, addPullSecrets, addVolumes } from './plan/containers.ts'
import { hygieneWarnings, jobOfCronJob } from './plan/cron-job.ts'
import { type NamedVendors, rewriteEnvironments } from './plan/environment.ts'
import { addHosts } from './plan/hosts.ts'
import { copyOf, type JsonObject, objectAt, textsAt } from './plan/json.ts'
import { diff } from './plan/json-patch.ts'
import { objectionTo, objectionToNameServers, objectionToSidecars } from './plan/objections.ts'
import { type Draft, type Objection, type Plan, refuse, skip, type Warning } from './plan/outcome.ts'
import { titleOf } from './plan/pod.ts'
import { makeRoomInPod } from './plan/pod-resources.ts'
import { recordTerms } from './plan/record-terms.ts'
import { failAtOnce, restartNever } from './plan/restarts.ts'
import { warnOfSecretVolumes } from './plan/secret-volumes.ts'
import type { PlanSettings } from './plan/settings.ts'

export { LEAN_MALLOC } from './plan/containers.ts'
export type { JsonObject } from './plan/json.ts'
export { diff, type PatchOperation } from './plan/json-patch.ts'
export type { Change, InjectPlan, Plan, RefusePlan, SkipPlan, Warning } from './plan/outcome.ts'
export { DEFAULT_RESOURCES, type PlanSettings, type PodResources, requestedAboveLimit } from './plan/settings.ts'
export type { TakenObject } from './plan/taken-objects.ts'
export { objectsTaken, type PodSecrets, vendorSecretsIn } from './plan/vendor-secrets.ts'

import type { RefuseCode } from './reasons.ts'

export { type Outcome, REASONS, type Reason, type ReasonCode } from './reasons.ts'

/** What a plan depends on beside the object itself. */
export interface Surroundings {
  /** Of the namespace that the Job is made in. */
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly policies: readonly Policy[]
  readonly settings: PlanSettings
}

/** Argument of `plan`. */
export interface PlanRequest extends Surroundings {
  /** The Job as it came; never changed. */
  readonly job: JsonObject
}

/** Argument of `planCronJob`. */
export interface CronJobPlanRequest extends Surroundings {
  /** The CronJob as it came; never changed. */
  readonly cronJob: JsonObject
}

/** What admission does with a Job at CREATE, and why. Injecting what was injected before changes nothing. */
export function plan(request: PlanRequest): Plan {
  const { job, policies, namespaceLabels } = request
  const warnings: Warning[] = []
  const end = (objection: Objection): Plan => ({ ...objection, warnings })

  if (job['kind'] !== 'Job') return end(skip('not_a_job', `${String(job['kind'])} is not a Job.`))
  if (namespaceLabels[INJECT_LABEL] !== 'enabled') {
    return end(skip('namespace_not_enabled', `The namespace is not labelled ${INJECT_LABEL}=enabled.`))
  }
  warnOfStrayAnnotations(job, warnings)
  const asks = readAsks(job)
  if ('kind' in asks) return end(asks)
  const jobLabels = textsAt(objectAt(job, 'metadata'), 'labels')
  const policy = policyFor({ jobLabels, namespaceLabels }, policies)
  if ('code' in policy) return end(refuse(policyCode(policy.code), policy.message))
  if (asks.wantsOut) return end(judgeOptOut(job, policy))
  const terms: TermsAsked = { ...asks.terms, policy: policy.name }
  const judged = judgeTerms(terms, policy)
  if ('code' in judged) return end(refuse(policyCode(judged.code), judged.message))
  const objection =
    objectionTo(job) ??
    objectionToSidecars(job, policy, terms.keepsRestarts ?? false) ??
    objectionToNameServers(job, request.settings.ledgerUrl) ??
    objectionToIndexedName(job)
  if (objection !== null) return end(objection)

  const draft: Draft = { job: copyOf(job), changes: [], warnings }
  const failed = rewrite(draft, { policy, terms, settings: request.settings })
  if (failed !== null) return end(failed)
  return {
    kind: 'inject',
    patch: diff(job, draft.job),
    before: job,
    job: draft.job,
    policy: policy.name,
    changes: draft.changes,
    warnings,
  }
}

/** CronJobs are not changed: the plan of the Job that they would make, with what is doubtful about the CronJob itself. */
export function planCronJob({ cronJob, ...surroundings }: CronJobPlanRequest): Plan {
  const planned = plan({ ...surroundings, job: jobOfCronJob(cronJob) })
  if (planned.kind === 'skip') return planned
  return { ...planned, warnings: [...planned.warnings, ...hygieneWarnings(cronJob)] }
}

/** Whom a policy names by now says nothing of a Job that was injected before. */
const NO_VENDORS: NamedVendors = { name: '', vendors: [] }

/**
 * A Job that was injected before, as admission would rewrite it again, but for what is its vendors'. Its terms were judged
 * when it was made. Undefined where it asks for what admission would not do.
 */
export function planAgain(job: JsonObject, settings: PlanSettings): JsonObject | undefined {
  const asks = readAsks(job)
  if ('kind' in asks || asks.wantsOut) return undefined
  const draft: Draft = { job: copyOf(job), changes: [], warnings: [] }
  const objection = rewrite(draft, { policy: NO_VENDORS, terms: { ...asks.terms, policy: '' }, settings })
  return objection === null ? draft.job : undefined
}

interface Decided {
  readonly policy: NamedVendors
  readonly terms: TermsAsked
  readonly settings: PlanSettings
}

function rewrite(draft: Draft, { policy, terms, settings }: Decided): Objection | null {
  restartNever(draft, terms.keepsRestarts ?? false)
  makeIndexed(draft)
  replaceOnlyEndedPods(draft)
  const objection = failAtOnce(draft) ?? addHosts(draft, policy)
  if (objection !== null) return objection
  rewriteEnvironments(draft, policy)
  warnOfSecretVolumes(draft.job, policy, draft.warnings)
  makeRoomInPod(draft, settings)
  addContainers(draft, settings)
  addPullSecrets(draft, settings)
  addVolumes(draft)
  return recordTerms(draft, terms)
}

function judgeOptOut(job: JsonObject, policy: Policy): Objection {
  if (policy.allowOptOut)
    return skip('opted_out', `${titleOf(job)} asks to be left alone, which policy ${policy.name} allows.`)
  return refuse(
    'opt_out_not_allowed',
    `${titleOf(job)} asks to be left alone, which policy ${policy.name} does not allow; take jobcap.dev/opt-out away.`,
  )
}

const POLICY_REFUSALS = ['policy_missing', 'namespace_not_selected', 'terms_exceed_policy'] as const

/** What `policy/` refuses at admission has the same code here. */
function policyCode(code: RefusalCode): RefuseCode {
  const known = POLICY_REFUSALS.find((candidate) => candidate === code)
  if (known === undefined) throw new Error(`policy/ refuses with a code that admission does not know: ${code}`)
  return known
}
