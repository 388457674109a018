import type { BackOff } from './back-off.ts'
import { matchFailurePolicy } from './failure-policy.ts'
import { type JobCondition, type JobLimits, type JobState, limitsOf, type PodState } from './job-state.ts'
import { type Tally, tally } from './tally.ts'

/** What the Job controller does next. */
export interface Decision {
  /** Indexes (null without Indexed completion) of the Pods to make now. */
  readonly create: readonly (number | null)[]
  /** Names of the Pods to delete now. */
  readonly remove: readonly string[]
  /** Why the Job is failing, from now on. */
  readonly failing: JobCondition | null
  /** Set when the Job has ended and no Pod is left. */
  readonly ended: JobCondition | null
  /** When to decide again though nothing has happened; null: only on an event. */
  readonly wakeAtMs: number | null
}

const COMPLETE: JobCondition = {
  type: 'Complete',
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
}

/** The Job controller's whole judgement: from what is, to what to do. */
export function decide(state: JobState, backOff: BackOff, nowMs: number): Decision {
  const limits = limitsOf(state.job)
  const counts = tally(state, limits)
  const failing = state.failing ?? whyFailing(state, { limits, counts, nowMs })
  const unfinished = state.pods.filter(({ phase }) => phase === 'Running')
  if (failing !== null) {
    const ended = unfinished.length === 0 ? failing : null
    return { create: [], remove: namesOfActive(unfinished), failing, ended, wakeAtMs: null }
  }
  if (isComplete(limits, counts) && counts.active === 0) {
    const ended = unfinished.length === 0 ? COMPLETE : null
    return { create: [], remove: [], failing: null, ended, wakeAtMs: null }
  }
  return keepRunning(state, { limits, counts, backOff, nowMs })
}

interface Judged {
  readonly limits: JobLimits
  readonly counts: Tally
  readonly nowMs: number
}

/** In Kubernetes' order: a rule of the failure policy, the back-off limit, the deadline, the limits per index. */
function whyFailing(state: JobState, { limits, counts, nowMs }: Judged): JobCondition | null {
  for (const pod of counts.failedPods) {
    const match = matchFailurePolicy(state.job, state.namespace, pod)
    if (match?.action === 'FailJob') return failed('PodFailurePolicy', match.message)
  }
  if (counts.failed > limits.backoffLimit || areRestartsSpent(state, limits)) {
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit')
  }
  if (limits.activeDeadlineMs !== null && nowMs >= state.startedAtMs + limits.activeDeadlineMs) {
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline')
  }
  if (limits.backoffLimitPerIndex === null) return null
  const failedIndexes = counts.failedIndexes.size
  if (limits.maxFailedIndexes !== null && failedIndexes > limits.maxFailedIndexes) {
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes')
  }
  if (failedIndexes > 0 && failedIndexes + counts.succeeded >= (limits.completions ?? 0)) {
    return failed('FailedIndexes', 'Job has failed indexes')
  }
  return null
}

function failed(reason: string, message: string): JobCondition {
  return { type: 'Failed', reason, message }
}

/** With `restartPolicy: OnFailure` Pods do not fail; their restarts are counted instead. */
function areRestartsSpent(state: JobState, limits: JobLimits): boolean {
  if (state.job.spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = state.pods.filter(({ phase }) => phase === 'Running').reduce((sum, pod) => sum + pod.restarts, 0)
  return limits.backoffLimit === 0 ? restarts > 0 : restarts >= limits.backoffLimit
}

function isComplete(limits: JobLimits, counts: Tally): boolean {
  return limits.completions === null ? counts.succeeded > 0 : counts.succeeded >= limits.completions
}

function keepRunning(state: JobState, judged: Judged & { backOff: BackOff }): Decision {
  const { limits, counts, nowMs } = judged
  const wanted = wantedActive(limits, counts)
  const running = state.pods.filter(({ phase }) => phase === 'Running')
  const surplus = namesOfActive(running).slice(Math.max(wanted, 0))
  const missing = wanted - counts.active - (limits.waitsForEnd ? counts.terminating : 0)
  const deadlineMs = limits.activeDeadlineMs === null ? null : state.startedAtMs + limits.activeDeadlineMs
  const idle = { create: [], remove: surplus, failing: null, ended: null, wakeAtMs: deadlineMs }
  if (missing <= 0) return idle
  if (limits.backoffLimitPerIndex !== null) return startIndexes(idle, { ...judged, missing })
  const readyAtMs = counts.failures.readyAtMs(judged.backOff)
  if (readyAtMs > nowMs) return { ...idle, wakeAtMs: earliest(deadlineMs, readyAtMs) }
  const create = limits.isIndexed ? pendingIndexes(limits, counts).slice(0, missing) : Array(missing).fill(null)
  return { ...idle, create }
}

/** Each index waits for its own failures, not for the others'. */
function startIndexes(idle: Decision, judged: Judged & { backOff: BackOff; missing: number }): Decision {
  const { limits, counts, backOff, nowMs, missing } = judged
  const create: number[] = []
  let wakeAtMs = idle.wakeAtMs
  for (const index of pendingIndexes(limits, counts)) {
    if (create.length === missing) break
    const readyAtMs = counts.failuresOf(index).readyAtMs(backOff)
    if (readyAtMs <= nowMs) create.push(index)
    else wakeAtMs = earliest(wakeAtMs, readyAtMs)
  }
  return { ...idle, create, wakeAtMs }
}

/** A work queue keeps `parallelism` Pods until one succeeds; from then on what runs may end, nothing is added. */
function wantedActive(limits: JobLimits, counts: Tally): number {
  if (limits.completions === null) return counts.succeeded > 0 ? counts.active : limits.parallelism
  return Math.min(limits.parallelism, limits.completions - counts.succeeded)
}

function pendingIndexes(limits: JobLimits, counts: Tally): number[] {
  const all = Array.from({ length: limits.completions ?? 0 }, (_, index) => index)
  return all.filter(
    (index) =>
      !counts.succeededIndexes.has(index) && !counts.failedIndexes.has(index) && !counts.activeIndexes.has(index),
  )
}

function namesOfActive(running: readonly PodState[]): string[] {
  return running.filter(({ isTerminating }) => !isTerminating).map(({ name }) => name)
}

function earliest(first: number | null, second: number): number {
  return first === null ? second : Math.min(first, second)
}
