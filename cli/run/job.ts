import { ISSUER_CONTAINER } from '../../contract/labels.ts'
import type { LedgerClient } from '../../ledger/client.ts'
import type { JobResult, RunEvent as LocalEvent, Machine } from '../../local/run.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import { type Context, UsageError } from '../command.ts'
import type { JobEnd } from './events.ts'
import type { PodParts } from './pod-parts.ts'
import type { PreparedJob } from './prepare.ts'
import type { Reporter } from './reporter.ts'
import { summarise } from './summary.ts'

export interface JobSetting {
  readonly machine: Machine
  readonly client: LedgerClient
  readonly parts: PodParts
  readonly podTokenKey: Uint8Array
  readonly reporter: Reporter
  readonly context: Context
  /** The manifest's folder: a container without a working folder starts there. */
  readonly workingDir: string
}

/** Runs one Job to its end, tells the ledger of it, and sums up. */
export async function runJob(prepared: PreparedJob, setting: JobSetting): Promise<JobEnd['condition']> {
  const { machine, client, parts, podTokenKey, reporter, context } = setting
  const follower = new RunFollower(client, reporter)
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
  if (started.kind === 'refused') throw new UsageError(`\n${started.problems.join('\n')}`)
  const { run } = started
  follower.jobUid = run.uid
  reporter.event({ event: 'job.started', job: run.name, jobUid: run.uid, warnings: prepared.notes })
  const result = await run.result
  await follower.settle()
  const runUid = await runOf(client, run.uid)
  if (runUid !== undefined) await client.endJob(runUid, run.uid)
  const end = jobEnd(run, result)
  reporter.event({ event: 'job.ended', ...end })
  const about = { name: run.name, uid: run.uid, pods: result.pods.length, logs: run.logFolder }
  reporter.event({ event: 'summary', ...(await summarise(client, about)) })
  return end.condition
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

async function runOf(client: LedgerClient, jobUid: string): Promise<string | undefined> {
  return (await client.listRuns()).find(({ jobs }) => jobs.some(({ uid }) => uid === jobUid))?.run
}

/** Passes on what happens, and tells the ledger which Pods have ended. */
class RunFollower {
  readonly podUids = new Map<string, string>()
  jobUid = ''
  readonly #client: LedgerClient
  readonly #reporter: Reporter
  readonly #pending = new Set<Promise<void>>()
  #runUid: string | undefined

  constructor(client: LedgerClient, reporter: Reporter) {
    this.#client = client
    this.#reporter = reporter
  }

  take(event: LocalEvent): void {
    this.#reporter.local(event)
    if (event.type === 'container-ended' && event.container === ISSUER_CONTAINER && event.exitCode === 0) {
      this.#track(this.#noticeRun())
    }
    if (event.type === 'pod-ended') this.#track(this.#podEnded(event.pod))
  }

  /** Resolves when the ledger has been told everything so far. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  /** Once the first Pod has its credential, the run and its vault key are known. */
  async #noticeRun(): Promise<void> {
    if (this.#runUid !== undefined) return
    const run = (await this.#client.listRuns()).find(({ jobs }) => jobs.some(({ uid }) => uid === this.jobUid))
    if (run === undefined || this.#runUid !== undefined) return
    this.#runUid = run.run
    this.#reporter.event({ event: 'run.opened', runUid: run.run, keyId: run.key.key_id })
  }

  async #podEnded(pod: string): Promise<void> {
    const podUid = this.podUids.get(pod)
    if (podUid !== undefined && this.#runUid !== undefined) await this.#client.endPod(this.#runUid, podUid)
  }

  /** A ledger that is just being started again misses such news; its credential then ends by its own time. */
  #track(work: Promise<void>): void {
    const done = work
      .catch((fault: Error) => this.#reporter.say(`the ledger was not told: ${fault.message}`))
      .finally(() => this.#pending.delete(done))
    this.#pending.add(done)
  }
}
