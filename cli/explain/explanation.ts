import type { ManifestObject } from '../../local/manifest/read.ts'
import { type Plan, REASONS } from '../../webhook/plan.ts'

/** One Job or CronJob of a file, and what admission would do with it. */
export interface Explanation {
  readonly workload: ManifestObject
  readonly file: string
  /** No Namespace of this name is in the files, so it is taken as labelled for injection. */
  readonly isNamespaceAssumed: boolean
  readonly planned: Plan
}

/** What `-o json` and `-o yaml` print. Snake case, as everywhere in our interfaces. */
export function machineForm(explanations: readonly Explanation[]): unknown {
  return { workloads: explanations.map(workloadForm) }
}

function workloadForm({ workload, file, isNamespaceAssumed, planned }: Explanation): unknown {
  const { kind, namespace, name, line } = workload
  const head = { kind, namespace, name, file, line, namespace_assumed: isNamespaceAssumed, outcome: planned.kind }
  const { warnings } = planned
  switch (planned.kind) {
    case 'inject': {
      const { policy, changes, patch, job } = planned
      return { ...head, policy, changes, warnings, patch, job }
    }
    case 'skip':
    case 'refuse': {
      const { code, sentence } = planned
      return { ...head, code, sentence, way_out: REASONS[code].wayOut, warnings }
    }
  }
}
