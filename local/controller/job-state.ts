import type { ContainerStatus } from '../kubelet/events.ts'
import type { Job } from '../manifest/objects.ts'

/** A Pod as the Job controller sees it. Finished Pods stay in the list: all decisions are made from it. */
export interface PodState {
  readonly name: string
  readonly index: number | null
  readonly phase: 'Running' | 'Succeeded' | 'Failed'
  /** Being deleted, not yet gone. */
  readonly isTerminating: boolean
  /** When it finished; null while it runs. */
  readonly finishedAtMs: number | null
  /** Restarts in place, of all its containers. */
  readonly restarts: number
  readonly containers: readonly ContainerStatus[]
}

export interface JobState {
  readonly job: Job
  readonly namespace: string
  readonly startedAtMs: number
  readonly pods: readonly PodState[]
  /** Why the Job is failing, decided earlier: its Pods are being deleted. */
  readonly failing: JobCondition | null
}

/** The condition that ends a Job, in Kubernetes' words. */
export interface JobCondition {
  readonly type: 'Complete' | 'Failed'
  readonly reason: string
  readonly message: string
}

/** A Job's numbers with Kubernetes' defaults filled in. */
export interface JobLimits {
  readonly isIndexed: boolean
  /** Null: a work queue, complete when one Pod has succeeded and all have ended. */
  readonly completions: number | null
  readonly parallelism: number
  readonly backoffLimit: number
  readonly backoffLimitPerIndex: number | null
  readonly maxFailedIndexes: number | null
  readonly activeDeadlineMs: number | null
  /** `podReplacementPolicy: Failed`: no new Pod while the old one is still ending. */
  readonly waitsForEnd: boolean
}

const DEFAULT_BACKOFF_LIMIT = 6

export function limitsOf({ spec }: Job): JobLimits {
  const areBothAbsent = isAbsent(spec.completions) && isAbsent(spec.parallelism)
  const perIndex = spec.backoffLimitPerIndex ?? null
  const replacement = spec.podReplacementPolicy ?? (spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed')
  return {
    isIndexed: spec.completionMode === 'Indexed',
    completions: areBothAbsent ? 1 : (spec.completions ?? null),
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (perIndex === null ? DEFAULT_BACKOFF_LIMIT : Number.POSITIVE_INFINITY),
    backoffLimitPerIndex: perIndex,
    maxFailedIndexes: spec.maxFailedIndexes ?? null,
    activeDeadlineMs: spec.activeDeadlineSeconds === undefined ? null : spec.activeDeadlineSeconds * 1000,
    waitsForEnd: replacement === 'Failed',
  }
}

function isAbsent(value: number | null | undefined): boolean {
  return value === undefined || value === null
}
