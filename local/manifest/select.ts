import { checkCronJob, checkJob } from './check.ts'
import type { CronJob, Job } from './objects.ts'
import type { Manifest, ManifestObject } from './read.ts'
import { type Findings, isObject } from './shape.ts'

export type Selection =
  | { readonly kind: 'selected'; readonly jobs: readonly SelectedJob[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

export interface SelectedJob {
  /** Ready to be planned and run: a CronJob's template is a Job here, named as the CronJob. */
  readonly job: Job
  readonly namespace: string
  /** What has no effect locally, a sentence each. */
  readonly notes: readonly string[]
}

/** All Jobs of a manifest; with `name` only the Job or CronJob of that name. CronJobs run their template once. */
export function selectJobs(manifest: Manifest, name?: string): Selection {
  const chosen = manifest.workloads.filter((workload) => name === undefined || workload.name === name)
  if (chosen.length === 0) {
    const names = manifest.workloads.map((workload) => workload.name).join(', ')
    return { kind: 'refused', problems: [`there is no Job or CronJob named ${name}; there is: ${names}`] }
  }
  const jobs: SelectedJob[] = []
  const problems: string[] = []
  for (const workload of chosen) {
    const { job, findings } = asJob(workload)
    problems.push(...findings.problems)
    jobs.push({ job, namespace: workload.namespace, notes: findings.notes })
  }
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'selected', jobs }
}

function asJob(workload: ManifestObject): { job: Job; findings: Findings } {
  if (workload.kind === 'Job') return { job: workload.raw as unknown as Job, findings: checkJob(workload.raw) }
  const findings = checkCronJob(workload.raw)
  const spec = workload.raw['spec']
  const template = isObject(spec) ? (spec['jobTemplate'] as CronJob['spec']['jobTemplate'] | undefined) : undefined
  const metadata = { ...template?.metadata, name: workload.name, namespace: workload.namespace }
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: template?.spec } as unknown as Job
  return { job, findings }
}
