import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { RunView } from '../../contract/operators.ts'
import { type Stage, TEAM } from './stage.ts'

/** A name that no other test, and no earlier try, has used. */
export const named = (name: string) => `${name}${process.env['E2E_TRY'] ?? ''}`

const ROOT = join(import.meta.dirname, '../..')

export interface Pod {
  readonly metadata: { readonly name: string }
  readonly status: { readonly phase: string }
}

export interface JobObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly reason?: string }[] }
}

/** What tests ask about the team's namespace. */
export function teamOn(stage: () => Stage) {
  const inTeam = (...args: readonly string[]) => stage().kubectl(['-n', TEAM, ...args])
  const podsOf = async (job: string) =>
    JSON.parse(await inTeam('get', 'pods', '-l', `batch.kubernetes.io/job-name=${job}`, '-o', 'json')) as {
      items: Pod[]
    }
  const jobIs = (job: string, condition: string) =>
    inTeam('wait', `--for=condition=${condition}`, `job/${job}`, '--timeout=600s')
  const invoicesOf = (prefix: string) =>
    stage()
      .charges()
      .flatMap(({ metadata }) => (metadata?.['invoice']?.startsWith(prefix) === true ? [metadata['invoice']] : []))
  /** Asks kubectl, which takes its time, until it is so. */
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    const lastMs = Date.now() + 240_000
    while (!(await isSo())) {
      if (Date.now() > lastMs) throw new Error(`${what}: did not come about`)
      await stage().kubectl(['get', '--raw', '/readyz'])
    }
  }
  const runningPod = async (job: string, not = '') => {
    let name = ''
    await until(`a Pod of ${job}`, async () => {
      const { items } = await podsOf(job)
      name =
        items.find(({ metadata, status }) => metadata.name !== not && status.phase === 'Running')?.metadata.name ?? ''
      return name !== ''
    })
    return name
  }
  const paid = (invoice: string) =>
    until(`a charge for ${invoice}`, () => Promise.resolve(invoicesOf(invoice).length > 0))
  const readJob = async (job: string) => JSON.parse(await inTeam('get', 'job', job, '-o', 'json')) as JobObject
  /** Why a Job failed; undefined where it did not. */
  const failureOf = async (job: string) =>
    (await readJob(job)).status.conditions?.find(({ type }) => type === 'Failed')?.reason
  /** The runs of the team that have a Job of this name, as the ledger knows them; also where the Job is gone. */
  const runsOf = async (job: string) => {
    const { body } = await stage().operator('GET', `/runs?namespace=${TEAM}&job=${job}`)
    return (body as { readonly runs: readonly RunView[] }).runs
  }
  const runOf = async (job: string) => {
    const [run] = await runsOf(job)
    if (run === undefined) throw new Error(`Job ${job} has no run`)
    return run
  }
  /** What the app of a Job has printed so far, over all its Pods. */
  const said = (job: string, container = 'bill') =>
    inTeam('logs', '-l', `batch.kubernetes.io/job-name=${job}`, '-c', container, '--tail=-1').catch(() => '')
  const events = (job: string) => inTeam('describe', 'job', job)
  /** The command as a person types it, with the cluster's kubeconfig at hand. */
  const jobcap = async (...args: readonly string[]) => {
    const env = { ...process.env, KUBECONFIG: stage().kubeconfig, XDG_STATE_HOME: join(stage().folder, 'state') }
    const { stdout } = await promisify(execFile)(join(ROOT, 'bin/jobcap'), args, { env })
    return stdout
  }
  return {
    ...{ inTeam, podsOf, jobIs, invoicesOf, until, runningPod, paid },
    ...{ readJob, failureOf, runsOf, runOf, said, events, jobcap },
  }
}
