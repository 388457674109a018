import type { ChangeCode, RefuseCode, SkipCode, WarnCode } from '../reasons.ts'
import type { JsonObject } from './json.ts'
import type { PatchOperation } from './json-patch.ts'

/** What admission does with a Job. */
export type Plan = InjectPlan | SkipPlan | RefusePlan

export interface InjectPlan {
  readonly kind: 'inject'
  /** Makes `job` of `before`; empty when that was injected before. */
  readonly patch: readonly PatchOperation[]
  /** The Job as it came; of a CronJob: the one that it would make. */
  readonly before: JsonObject
  readonly job: JsonObject
  /** Name of the policy that applies. */
  readonly policy: string
  /** What was changed and why, in the order of the steps. */
  readonly changes: readonly Change[]
  readonly warnings: readonly Warning[]
}

/** The Job is admitted as it is. */
export interface SkipPlan {
  readonly kind: 'skip'
  readonly code: SkipCode
  readonly sentence: string
  readonly warnings: readonly Warning[]
}

/** The Job is not admitted. */
export interface RefusePlan {
  readonly kind: 'refuse'
  readonly code: RefuseCode
  /** What is wrong and what to change, with the names in this Job. */
  readonly sentence: string
  readonly warnings: readonly Warning[]
}

/** One change of a Job and why it was made. */
export interface Change {
  readonly code: ChangeCode
  /** Place in the Job, `spec.template.spec.volumes`. */
  readonly path: string
  readonly sentence: string
}

/** What is worth a look although the Job is admitted. */
export interface Warning {
  readonly code: WarnCode
  /** At most 250 characters: the API server cuts longer ones. */
  readonly sentence: string
}

/** A refusal or a skip before it is a plan. */
export type Objection = Pick<SkipPlan, 'kind' | 'code' | 'sentence'> | Pick<RefusePlan, 'kind' | 'code' | 'sentence'>

export function refuse(code: RefuseCode, sentence: string): Objection {
  return { kind: 'refuse', code, sentence }
}

export function skip(code: SkipCode, sentence: string): Objection {
  return { kind: 'skip', code, sentence }
}

/** The Job while it is rewritten. The steps write into `job` and say what they did. */
export interface Draft {
  readonly job: JsonObject
  readonly changes: Change[]
  readonly warnings: Warning[]
}

const LONGEST_WARNING = 250

export function warn(warnings: Warning[], code: WarnCode, sentence: string): void {
  warnings.push({
    code,
    sentence: sentence.length > LONGEST_WARNING ? `${sentence.slice(0, LONGEST_WARNING - 1)}…` : sentence,
  })
}
