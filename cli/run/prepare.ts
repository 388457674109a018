import { CONTINUES_ANNOTATION, INJECT_LABEL } from '../../contract/labels.ts'
import type { Job, KeyedData, Labels } from '../../local/manifest/objects.ts'
import type { ManifestObject } from '../../local/manifest/read.ts'
import { readManifest, selectJobs } from '../../local/run.ts'
import type { Policy } from '../../policy/policy.ts'
import { type JsonObject, type Plan, type PlanSettings, plan, REASONS } from '../../webhook/plan.ts'
import { planWorkload } from '../explain/explain.ts'
import { BadInput, Refused } from '../faults.ts'
import type { SourceFile } from '../files.ts'

/** A Job as it will run, after the same rewrite as admission's. */
export interface PreparedJob {
  readonly name: string
  readonly namespace: string
  readonly namespaceLabels: Labels
  readonly job: Job
  /** False: the plan left it as it was, so it has no cap and no way to a vendor. */
  readonly isInjected: boolean
  /** What a person should know: warnings of the plan, and what has no effect locally. */
  readonly notes: readonly string[]
  readonly configMaps: readonly KeyedData[]
  readonly secrets: readonly KeyedData[]
}

export interface PrepareRequest {
  readonly manifest: SourceFile
  readonly policies: readonly Policy[]
  readonly settings: PlanSettings
  /** Only the Job or CronJob of this name. */
  readonly name: string | undefined
  /** Annotations to set on each Job, over those of the manifest. */
  readonly annotations: Readonly<Record<string, string>>
  /** Run to be continued. */
  readonly continues: string | undefined
}

/** Throws `BadInput` for a manifest that cannot be worked with and `Refused` for what admission would refuse. */
export function prepareJobs(request: PrepareRequest): readonly PreparedJob[] {
  const { manifest: source, name } = request
  const reading = readManifest(source.text, source.name)
  if (reading.kind === 'refused') throw new BadInput(reading.problems)
  const { manifest } = reading
  const selection = selectJobs(manifest, name)
  if (selection.kind === 'refused') {
    const workloads = manifest.workloads.filter((workload) => name === undefined || workload.name === name)
    throw admissionRefusal(workloads, request) ?? new BadInput(selection.problems)
  }
  return selection.jobs.map(({ job, namespace, notes }) => {
    const labels = manifest.namespaces.find((one) => one.name === namespace)?.labels
    const planned = planJob(annotated(job, request), labels ?? { [INJECT_LABEL]: 'enabled' }, request)
    return {
      name: String(job.metadata.name ?? job.metadata.generateName),
      namespace,
      namespaceLabels: labels ?? { [INJECT_LABEL]: 'enabled' },
      ...planned,
      notes: [...notes, ...planned.notes],
      configMaps: manifest.configMaps.filter((one) => one.namespace === namespace),
      secrets: manifest.secrets.filter((one) => one.namespace === namespace),
    }
  })
}

/** What is refused on any machine is said as admission says it; what only this one cannot do, in its own words. */
function admissionRefusal(workloads: readonly ManifestObject[], request: PrepareRequest): Refused | undefined {
  const namespaceLabels = { [INJECT_LABEL]: 'enabled' }
  const refused = workloads
    .map((workload) => planWorkload(workload, namespaceLabels, request))
    .find((planned) => planned.kind === 'refuse' && planned.code !== 'job_malformed')
  return refused?.kind === 'refuse' ? asRefused(refused) : undefined
}

function asRefused({ sentence, code }: Extract<Plan, { kind: 'refuse' | 'skip' }>): Refused {
  return new Refused(`${sentence} (${code})\n  Way out: ${REASONS[code].wayOut}`)
}

function annotated(job: Job, { annotations, continues }: PrepareRequest): Job {
  const continuing = continues === undefined ? {} : { [CONTINUES_ANNOTATION]: continues }
  const all = { ...job.metadata.annotations, ...annotations, ...continuing }
  return { ...job, metadata: { ...job.metadata, annotations: all } }
}

function planJob(
  job: Job,
  namespaceLabels: Labels,
  { policies, settings }: PrepareRequest,
): Pick<PreparedJob, 'job' | 'isInjected' | 'notes'> {
  const planned = plan({ job: job as unknown as JsonObject, namespaceLabels, policies, settings })
  const notes = planned.warnings.map(({ sentence }) => sentence)
  switch (planned.kind) {
    case 'refuse':
      throw asRefused(planned)
    case 'skip':
      return { job, isInjected: false, notes: [...notes, `Left as it is: ${planned.sentence}`] }
    case 'inject':
      return { job: planned.job as unknown as Job, isInjected: true, notes }
  }
}
