import type { BackOff } from './back-off.ts'
import { matchFailurePolicy, type PolicyMatch } from './failure-policy.ts'
import type { JobLimits, JobState, PodState } from './job-state.ts'

/** What a Job's Pods add up to. */
export interface Tally {
  readonly active: number
  /** Being deleted, not yet gone. */
  readonly terminating: number
  /** Succeeded Pods; with Indexed completion, succeeded indexes. */
  readonly succeeded: number
  /** Failed Pods, less those that the failure policy ignores. */
  readonly failed: number
  readonly failedPods: readonly PodState[]
  readonly succeededIndexes: ReadonlySet<number>
  /** Given up for good: only with `backoffLimitPerIndex`. */
  readonly failedIndexes: ReadonlySet<number>
  /** Indexes that have a Pod, one that is ending too where the Job waits for its end. */
  readonly activeIndexes: ReadonlySet<number>
  /** Failures in a row, of the whole Job. */
  readonly failures: Failures
  failuresOf(index: number): Failures
}

/** Counts Pods as the Job controller does. */
export function tally(state: JobState, limits: JobLimits): Tally {
  const judge = (pod: PodState) => matchFailurePolicy(state.job, state.namespace, pod)
  const running = state.pods.filter(({ phase }) => phase === 'Running')
  const active = running.filter(({ isTerminating }) => !isTerminating)
  const succeededPods = state.pods.filter(({ phase }) => phase === 'Succeeded')
  const failedPods = state.pods.filter((pod) => hasFailed(pod, limits))
  const succeededIndexes = indexes(succeededPods)
  return {
    active: active.length,
    terminating: running.length - active.length,
    succeeded: limits.isIndexed ? succeededIndexes.size : succeededPods.length,
    failed: failedPods.filter((pod) => judge(pod)?.action !== 'Ignore').length,
    failedPods,
    succeededIndexes,
    failedIndexes: failedIndexes(failedPods, limits, judge),
    activeIndexes: indexes(limits.waitsForEnd ? running : active),
    failures: new Failures(state.pods, limits),
    failuresOf: (index) =>
      new Failures(
        state.pods.filter((pod) => pod.index === index),
        limits,
      ),
  }
}

/** Without `podReplacementPolicy: Failed` a Pod counts as failed as soon as it is being deleted. */
function hasFailed(pod: PodState, limits: JobLimits): boolean {
  return pod.phase === 'Failed' || (pod.phase === 'Running' && pod.isTerminating && !limits.waitsForEnd)
}

function indexes(pods: readonly PodState[]): Set<number> {
  return new Set(pods.flatMap(({ index }) => (index === null ? [] : [index])))
}

function failedIndexes(
  failedPods: readonly PodState[],
  limits: JobLimits,
  judge: (pod: PodState) => PolicyMatch | null,
): Set<number> {
  const limit = limits.backoffLimitPerIndex
  if (limit === null) return new Set()
  const counts = new Map<number, number>()
  for (const pod of failedPods) {
    if (pod.index === null) continue
    const action = judge(pod)?.action
    const worth = action === 'FailIndex' ? Number.POSITIVE_INFINITY : action === 'Ignore' ? 0 : 1
    counts.set(pod.index, (counts.get(pod.index) ?? 0) + worth)
  }
  return new Set([...counts].filter(([, count]) => count > limit).map(([index]) => index))
}

/** Failures since the last success, and when the next Pod may start after them. */
export class Failures {
  readonly count: number
  readonly #lastAtMs: number

  constructor(pods: readonly PodState[], limits: JobLimits) {
    const finished = pods
      .filter((pod) => pod.finishedAtMs !== null && (pod.phase === 'Succeeded' || hasFailed(pod, limits)))
      .sort((a, b) => (a.finishedAtMs ?? 0) - (b.finishedAtMs ?? 0))
    const sinceSuccess = finished.slice(finished.findLastIndex(({ phase }) => phase === 'Succeeded') + 1)
    this.count = sinceSuccess.length
    this.#lastAtMs = sinceSuccess.at(-1)?.finishedAtMs ?? 0
  }

  readyAtMs({ baseMs, maxMs }: BackOff): number {
    if (this.count === 0) return 0
    return this.#lastAtMs + Math.min(baseMs * 2 ** (this.count - 1), maxMs)
  }
}
