import { DEFAULT_POLICY, POLICY_LABEL } from '../contract/labels.ts'
import { type Refusal, refusal } from '../contract/refusals.ts'
import type { Policy } from './policy.ts'

export interface WorkloadLabels {
  readonly jobLabels: Readonly<Record<string, string>>
  readonly namespaceLabels: Readonly<Record<string, string>>
}

/** The policy that a Job names, else its namespace, else `default`, provided that the namespace may use it. */
export function policyFor(workload: WorkloadLabels, policies: readonly Policy[]): Policy | Refusal {
  const name = policyNameFor(workload)
  const policy = policies.find((candidate) => candidate.name === name)
  if (policy === undefined) return refusal('policy_missing', `There is no policy \`${name}\`${hint(policies)}.`)
  const wrong = Object.entries(policy.namespaceLabels).find(([key, value]) => workload.namespaceLabels[key] !== value)
  if (wrong === undefined) return policy
  const [key, value] = wrong
  return refusal(
    'namespace_not_selected',
    `Policy \`${name}\` may be used only from namespaces labelled ${key}=${value}; this one has ${
      workload.namespaceLabels[key] === undefined ? 'no such label' : `${key}=${workload.namespaceLabels[key]}`
    }.`,
  )
}

/** The name alone, without asking whether such a policy exists. */
export function policyNameFor({ jobLabels, namespaceLabels }: WorkloadLabels): string {
  return jobLabels[POLICY_LABEL] ?? namespaceLabels[POLICY_LABEL] ?? DEFAULT_POLICY
}

function hint(policies: readonly Policy[]): string {
  if (policies.length === 0) return '; none is loaded'
  return `; there is ${policies.map(({ name }) => `\`${name}\``).join(', ')}`
}
