import { stringify } from 'yaml'
import { INJECT_LABEL } from '../../contract/labels.ts'
import { type ManifestObject, readManifest } from '../../local/manifest/read.ts'
import type { Policy } from '../../policy/policy.ts'
import { type Plan, type PlanSettings, plan, planCronJob } from '../../webhook/plan.ts'
import { EXIT } from '../command.ts'
import type { SourceFile } from '../files.ts'
import { type Explanation, machineForm } from './explanation.ts'
import { renderText } from './render.ts'

export interface ExplainOptions {
  readonly policies: readonly Policy[]
  readonly settings: PlanSettings
  /** `text` for people. */
  readonly output: 'text' | 'json' | 'yaml'
  readonly isColoured: boolean
}

export interface Explained {
  /** For standard output. */
  readonly out: string
  /** For standard error: what is wrong with the files. */
  readonly err: string
  /** `EXIT.ok`: all Jobs would be admitted. `EXIT.no`: one would be refused. `EXIT.usage`: a file cannot be read. */
  readonly exitCode: number
}

/** What admission would do with each Job and CronJob of the files, and why. */
export function explain(files: readonly SourceFile[], options: ExplainOptions): Explained {
  const readings = files.map(({ name, text }) => ({ name, reading: readManifest(text, name) }))
  const problems = readings.flatMap(({ reading }) => (reading.kind === 'refused' ? reading.problems : []))
  if (problems.length > 0) return { out: '', err: `${problems.join('\n')}\n`, exitCode: EXIT.usage }

  const manifests = readings.flatMap(({ name, reading }) =>
    reading.kind === 'read' ? [{ name, manifest: reading.manifest }] : [],
  )
  const namespaces = new Map(
    manifests.flatMap(({ manifest }) => manifest.namespaces.map(({ name, labels }) => [name, labels] as const)),
  )
  const explanations = manifests.flatMap(({ name, manifest }) =>
    manifest.workloads.map((workload): Explanation => {
      const labels = namespaces.get(workload.namespace)
      // Without its Namespace at hand the question is what would happen where injection is on.
      const planned = planWorkload(workload, labels ?? { [INJECT_LABEL]: 'enabled' }, options)
      return { workload, file: name, isNamespaceAssumed: labels === undefined, planned }
    }),
  )
  const isAnyRefused = explanations.some(({ planned }) => planned.kind === 'refuse')
  return { out: render(explanations, options), err: '', exitCode: isAnyRefused ? EXIT.no : EXIT.ok }
}

/** The plan of a Job, or of the Jobs that a CronJob would make. */
export function planWorkload(
  { kind, raw }: ManifestObject,
  namespaceLabels: Readonly<Record<string, string>>,
  { policies, settings }: Pick<ExplainOptions, 'policies' | 'settings'>,
): Plan {
  const surroundings = { namespaceLabels, policies, settings }
  return kind === 'CronJob' ? planCronJob({ ...surroundings, cronJob: raw }) : plan({ ...surroundings, job: raw })
}

function render(explanations: readonly Explanation[], { output, isColoured }: ExplainOptions): string {
  switch (output) {
    case 'text':
      return renderText(explanations, isColoured)
    case 'json':
      return `${JSON.stringify(machineForm(explanations), null, 2)}\n`
    case 'yaml':
      return stringify(machineForm(explanations), { lineWidth: 0, aliasDuplicateObjects: false })
  }
}
