import type { Clock } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { PodResult } from '../kubelet/events.ts'
import type { BackOff } from './back-off.ts'
import { decide } from './decide.ts'
import { type JobCondition, type JobState, limitsOf, type PodState } from './job-state.ts'
import { makePod, type Pod, type RunningJob } from './pod-object.ts'
import { tally } from './tally.ts'

/** What the controller needs of a running Pod. */
export interface PodHandle {
  readonly result: Promise<PodResult>
  stop(): void
  kill(): void
}

export interface JobRunnerOptions {
  readonly running: RunningJob
  readonly backOff: BackOff
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Never more Pods at once than this, whatever `parallelism` says. */
  readonly mostPodsAtOnce: number
  /** Interrupts the Job: its Pods are stopped, and killed when they take longer than 5 s. */
  readonly signal: AbortSignal
  startPod(pod: Pod, onRestart: (restarts: number) => void): PodHandle
  onPodEnded(pod: Pod, result: PodResult): void
}

export interface JobResult {
  /** Null when the Job was interrupted. */
  readonly condition: JobCondition | null
  readonly succeeded: number
  readonly failed: number
  readonly pods: readonly { pod: Pod; result: PodResult }[]
}

interface Record {
  readonly pod: Pod
  readonly handle: PodHandle
  result: PodResult | null
  finishedAtMs: number | null
  restarts: number
  isTerminating: boolean
}

/** A person who presses Ctrl-C does not wait for a grace period of half a minute. */
const INTERRUPT_GRACE_MS = 5_000

/** Carries out what `decide` says, once for each thing that happens. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #startedAtMs: number
  readonly #records: Record[] = []
  #failing: JobCondition | null = null
  #wake: () => void = () => {}
  #isInterrupted = false
  #fault: { thrown: unknown } | null = null

  constructor(options: JobRunnerOptions) {
    this.#options = options
    this.#startedAtMs = options.clock.monotonicMs()
  }

  async run(): Promise<JobResult> {
    const { clock, signal, backOff } = this.#options
    const onAbort = () => this.#interrupt()
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        const nowMs = clock.monotonicMs()
        const state = this.#state()
        if (this.#fault !== null || this.#isInterrupted) {
          if (state.pods.every(({ phase }) => phase !== 'Running')) break
          await changed
          continue
        }
        const decision = decide(state, backOff, nowMs)
        this.#failing = decision.failing
        if (decision.ended !== null) return this.#outcome(decision.ended)
        for (const name of decision.remove) this.#stopPod(name)
        for (const index of decision.create.slice(0, this.#room())) this.#start(index)
        const nap = new AbortController()
        if (decision.wakeAtMs !== null) this.#wakeAfter(decision.wakeAtMs - nowMs, nap.signal)
        await changed
        nap.abort()
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    if (this.#fault !== null) throw this.#fault.thrown
    return this.#outcome(null)
  }

  /** Deletes a Pod from outside, as `kubectl delete pod` does. */
  deletePod(name: string): boolean {
    return this.#stopPod(name)
  }

  #wakeAfter(delayMs: number, signal: AbortSignal): void {
    const { timers } = this.#options
    // Not `after`: while a Job waits to try again, nothing else may be keeping this process alive.
    timers.sleep(Math.max(delayMs, 0), signal).then(
      () => this.#wake(),
      () => {},
    )
  }

  #room(): number {
    return this.#options.mostPodsAtOnce - this.#unfinished().length
  }

  #unfinished(): Record[] {
    return this.#records.filter(({ result }) => result === null)
  }

  #interrupt(): void {
    this.#isInterrupted = true
    for (const { handle } of this.#unfinished()) handle.stop()
    this.#options.timers.after(INTERRUPT_GRACE_MS, () => {
      for (const { handle } of this.#unfinished()) handle.kill()
    })
    this.#wake()
  }

  #stopPod(name: string): boolean {
    const record = this.#records.find(({ pod, result }) => pod.name === name && result === null)
    if (record === undefined) return false
    record.isTerminating = true
    record.handle.stop()
    this.#wake()
    return true
  }

  #start(index: number | null): void {
    const { running, random, clock, startPod, onPodEnded } = this.#options
    const pod = makePod(running, index, random)
    const handle = startPod(pod, (restarts) => {
      record.restarts = restarts
      this.#wake()
    })
    const record: Record = { pod, handle, result: null, finishedAtMs: null, restarts: 0, isTerminating: false }
    this.#records.push(record)
    const finish = (result: PodResult) => {
      record.result = result
      record.finishedAtMs = clock.monotonicMs()
      onPodEnded(pod, result)
      this.#wake()
    }
    handle.result.then(finish, (thrown: unknown) => {
      // A Pod that this machine cannot run at all is no failure of the Job's: everything stops and the fault is thrown.
      this.#fault ??= { thrown }
      for (const other of this.#unfinished()) other.handle.kill()
      finish({ phase: 'Failed', containers: [] })
    })
  }

  #state(): JobState {
    const { running } = this.#options
    const pods = this.#records.map(
      (record): PodState => ({
        name: record.pod.name,
        index: record.pod.index,
        phase: record.result?.phase ?? 'Running',
        isTerminating: record.isTerminating && record.result === null,
        finishedAtMs: record.finishedAtMs,
        restarts: record.restarts,
        containers: record.result?.containers ?? [],
      }),
    )
    const { job, namespace } = running
    return { job, namespace, startedAtMs: this.#startedAtMs, pods, failing: this.#failing }
  }

  #outcome(condition: JobCondition | null): JobResult {
    const state = this.#state()
    const { succeeded, failed } = tally(state, limitsOf(state.job))
    const pods = this.#records.flatMap(({ pod, result }) => (result === null ? [] : [{ pod, result }]))
    return { condition, succeeded, failed, pods }
  }
}
