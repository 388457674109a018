import { ISSUER_CONTAINER } from '../../contract/labels.ts'
import type { RunView } from '../../contract/operators.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { JobResult, JobRun, RunEvent as LocalEvent, Machine } from '../../local/run.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import type { Context } from '../command.ts'
import { BadInput } from '../faults.ts'
import type { JobEnd, RunSummary } from './events.ts'
import type { LivingJobs } from './living-jobs.ts'
import { untilAnswered } from './patient.ts'
import type { PodParts } from './pod-parts.ts'
import type { PreparedJob } from './prepare.ts'
import type { Reporter } from './reporter.ts'
import { runOfJob, summarise } from './summary.ts'

export interface JobSetting {
  readonly machine: Machine
  readonly client: LedgerClient
  readonly parts: PodParts
  readonly podTokenKey: Uint8Array
  readonly reporter: Reporter
  readonly context: Context
  readonly living: LivingJobs
  /** The manifest's folder: a container without a working folder starts there. */
  readonly workingDir: string
}

/** How a Job ended, and what it did; no summary where the ledger was gone. */
export interface EndedJob extends JobEnd {
  readonly summary: RunSummary | null
}

/** Runs one Job to its end, tells the ledger of it, and sums up. */
export async function runJob(prepared: PreparedJob, setting: JobSetting): Promise<EndedJob> {
  const { machine, parts, podTokenKey, context } = setting
  const follower = new RunFollower(prepared, setting)
  const started = machine.startJob({
    ...prepared,
    ...parts,
    workingDir: setting.workingDir,
    issuePodToken: (content) => {
      follower.podUids.set(content.facts.pod.name, content.facts.pod.uid)
      return signPodToken(content, podTokenKey)
    },
    onEvent: (event) => follower.take(event),
    signal: context.interrupted,
  })
  if (started.kind === 'refused') throw new BadInput(started.problems)
  const { run } = started
  const result = await run.result
  await follower.settle()
  return conclude(run, result, setting)
}

async function conclude(run: JobRun, result: JobResult, setting: JobSetting): Promise<EndedJob> {
  const { client, reporter, context, living } = setting
  const end = jobEnd(run, result)
  try {
    await untilAnswered(async () => {
      const found = await runOfJob(client, run.uid)
      // An exchange may be under way: told of the end, the ledger opens no run for it.
      if (found === undefined) await client.endUnlistedJob(run.uid)
      else await client.endJob(found.run, run.uid)
    }, context)
    // Not before: what the ledger has not been told of, the next command on this folder tells it.
    living.remove(run.uid)
    reporter.event({ event: 'job.ended', ...end })
    const job = { name: run.name, uid: run.uid, logs: run.logFolder, result }
    const summary = await untilAnswered(() => summarise(client, job), context)
    reporter.event({ event: 'summary', ...summary })
    return { ...end, summary }
  } catch (fault) {
    reporter.say(`The ledger does not answer, so there is no summary: ${(fault as Error).message}`)
    return { ...end, summary: null }
  }
}

function jobEnd(run: { readonly name: string; readonly uid: string }, { condition }: JobResult): JobEnd {
  return {
    job: run.name,
    jobUid: run.uid,
    condition: condition?.type ?? 'Interrupted',
    reason: condition?.reason ?? null,
    message: condition?.message ?? null,
  }
}

/** Passes on what happens, and tells the ledger which Pods have ended. */
class RunFollower {
  readonly podUids = new Map<string, string>()
  readonly #prepared: PreparedJob
  readonly #setting: JobSetting
  readonly #pending = new Set<Promise<void>>()
  #jobUid = ''
  #runUid: string | undefined

  constructor(prepared: PreparedJob, setting: JobSetting) {
    this.#prepared = prepared
    this.#setting = setting
  }

  take(event: LocalEvent): void {
    const { reporter } = this.#setting
    if (event.type === 'job-started') this.#jobStarted(event)
    reporter.local(event)
    if (event.type === 'container-ended' && event.container === ISSUER_CONTAINER && event.exitCode === 0) {
      this.#track(this.#noticeRun())
    }
    if (event.type === 'pod-ended') this.#track(this.#podEnded(event.pod))
  }

  /** Resolves when the ledger has been told everything so far. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  #jobStarted({ job, uid }: { readonly job: string; readonly uid: string }): void {
    const { reporter, living, machine } = this.#setting
    const { notes, job: prepared } = this.#prepared
    const { parallelism } = prepared.spec
    // As the API server fills it in: one completion, or a work queue where only `parallelism` is given.
    const completions = prepared.spec.completions ?? (parallelism === undefined ? 1 : null)
    this.#jobUid = uid
    living.add(uid)
    const isolation = machine.isolation.level
    reporter.event({ event: 'job.started', job, jobUid: uid, warnings: notes, completions, isolation })
  }

  /** Once the first Pod has its credential, the run and its vault key are known. */
  async #noticeRun(): Promise<void> {
    if (this.#runUid !== undefined) return
    const run = await runOfJob(this.#setting.client, this.#jobUid)
    if (run !== undefined) this.#runOpened(run)
  }

  #runOpened({ run, key }: RunView): void {
    if (this.#runUid !== undefined) return
    this.#runUid = run
    this.#setting.reporter.event({ event: 'run.opened', runUid: run, keyId: key.key_id })
  }

  async #podEnded(pod: string): Promise<void> {
    const podUid = this.podUids.get(pod)
    const { client, context } = this.#setting
    const runUid = this.#runUid
    if (podUid !== undefined && runUid !== undefined) await untilAnswered(() => client.endPod(runUid, podUid), context)
  }

  /** Whatever was not told: the credential of a Pod ends by its own time. */
  #track(work: Promise<void>): void {
    const done = work
      .catch((fault: Error) => this.#setting.reporter.say(`the ledger was not told: ${fault.message}`))
      .finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }
}
