import { EXIT_RUN_REFUSED } from '../../../contract/exit-codes.ts'
import { PROXY_CONTAINER } from '../../../contract/labels.ts'
import { decide } from '../../../local/controller/decide.ts'
import type { JobCondition, PodState } from '../../../local/controller/job-state.ts'
import type { PodResult } from '../../../local/kubelet/events.ts'
import type { Job } from '../../../local/manifest/objects.ts'
import type { JobPlan } from '../plan/plan.ts'
import type { Stage } from '../stage.ts'
import type { PodPart } from './pod.ts'

const BACK_OFF = { baseMs: 10_000, maxMs: 600_000 }

export interface JobOptions {
  readonly stage: Stage
  readonly plan: JobPlan
  readonly name: string
  readonly completions: number | null
  /** Else its Pods have no index: a work queue. */
  readonly isIndexed: boolean
  readonly keepsRestarts: boolean
  readonly makePod: (name: string, index: number | null, tell: PodTold) => PodPart
  readonly onEnded: (condition: JobCondition) => void
}

export interface PodTold {
  /** Once, when it has ended. */
  readonly onResult: (result: PodResult) => void
  readonly onRestart: () => void
}

interface Record {
  readonly name: string
  readonly index: number | null
  readonly pod: PodPart
  result: PodResult | null
  finishedAtMs: number | null
  isTerminating: boolean
}

/** The Job controller, by the judgement that runs Jobs on one machine, which is Kubernetes' own. */
export class JobPart {
  readonly #options: JobOptions
  readonly #job: Job
  readonly #startedAtMs: number
  readonly #records: Record[] = []
  #failing: JobCondition | null = null
  #hasEnded = false
  #isHeld = false
  #cancelWake: () => void = () => {}

  constructor(options: JobOptions) {
    this.#options = options
    this.#job = manifestOf(options)
    this.#startedAtMs = options.stage.scheduler.nowMs
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  start(): void {
    this.#soon()
  }

  /** The controller is down. */
  hold(): void {
    this.#isHeld = true
  }

  goOn(): void {
    this.#isHeld = false
    this.#soon()
  }

  /** SIGKILL to the living Pod of an index. */
  killPod(index: number): void {
    this.#living(index)?.pod.kill()
  }

  restartNode(index: number, downMs: number): void {
    this.#living(index)?.pod.restartNode(downMs)
  }

  /** Its node is lost: the Pod counts as failed and is replaced, while its processes live on for a while. */
  loseNode(index: number, lingersMs: number): void {
    const record = this.#living(index)
    if (record === undefined) return
    const { stage } = this.#options
    stage.trace.say(record.name, 'is on a lost node')
    this.#ended(record, { phase: 'Failed', containers: [] })
    stage.scheduler.after(lingersMs, () => record.pod.kill())
  }

  /** Where no Pod has an index, one of those that live. */
  #living(index: number): Record | undefined {
    const living = this.#records.filter(({ result }) => result === null)
    if (!this.#options.isIndexed) return living[index % living.length]
    return living.findLast((record) => record.index === index)
  }

  #ended(record: Record, result: PodResult): void {
    if (record.result !== null) return
    record.result = result
    record.finishedAtMs = this.#options.stage.scheduler.nowMs
    this.#soon()
  }

  #soon(): void {
    this.#options.stage.scheduler.after(1, () => this.#reconcile())
  }

  #reconcile(): void {
    if (this.#hasEnded || this.#isHeld) return
    const { scheduler, trace } = this.#options.stage
    this.#cancelWake()
    const decision = decide(this.#state(), BACK_OFF, scheduler.nowMs)
    this.#failing = decision.failing
    if (decision.ended !== null) {
      this.#hasEnded = true
      trace.say(this.#options.name, `${decision.ended.type}: ${decision.ended.message}`)
      this.#options.onEnded(decision.ended)
      return
    }
    for (const name of decision.remove) this.#remove(name)
    for (const index of decision.create) this.#create(index)
    if (decision.wakeAtMs === null) return
    this.#cancelWake = scheduler.after(decision.wakeAtMs - scheduler.nowMs, () => this.#reconcile())
  }

  #remove(name: string): void {
    const record = this.#records.find((one) => one.name === name)
    if (record === undefined) return
    record.isTerminating = true
    record.pod.stop()
  }

  #create(index: number | null): void {
    const name = `${this.#options.name}-${index ?? 'w'}-${this.#records.length}`
    const pod = this.#options.makePod(name, index, {
      onResult: (result) => this.#ended(record, result),
      onRestart: () => this.#soon(),
    })
    const record: Record = { name, index, pod, result: null, finishedAtMs: null, isTerminating: false }
    this.#records.push(record)
    pod.start()
  }

  #state() {
    const pods = this.#records.map(
      ({ name, index, pod, result, finishedAtMs, isTerminating }): PodState => ({
        name,
        index,
        phase: result?.phase ?? 'Running',
        isTerminating: isTerminating && result === null,
        finishedAtMs,
        restarts: pod.restarts,
        containers: result?.containers ?? [],
      }),
    )
    const job = this.#job
    return { job, namespace: 'team', startedAtMs: this.#startedAtMs, pods, failing: this.#failing }
  }
}

/** As admission leaves it. */
function manifestOf({ plan, name, completions, isIndexed, keepsRestarts }: JobOptions): Job {
  const refused = (containerName: string) =>
    ({ action: 'FailJob', onExitCodes: { containerName, operator: 'In', values: [EXIT_RUN_REFUSED] } }) as const
  return {
    kind: 'Job',
    metadata: { name },
    spec: {
      completions,
      parallelism: plan.parallelism,
      completionMode: isIndexed ? 'Indexed' : 'NonIndexed',
      backoffLimit: plan.backoffLimit,
      podReplacementPolicy: 'Failed',
      ...(keepsRestarts ? {} : { podFailurePolicy: { rules: [refused(PROXY_CONTAINER), refused('jobcap-issuer')] } }),
      template: { spec: { restartPolicy: keepsRestarts ? 'OnFailure' : 'Never', containers: [{ name: 'app' }] } },
    },
  }
}
