import type { KubeObject } from '../../../kube/objects.ts'
import type { Finding } from '../finding.ts'

/** A `CapPolicy` with what the manager says of it. */
export interface CapPolicyState extends KubeObject {
  readonly spec: unknown
  readonly status?: {
    readonly problems?: readonly string[]
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason: string
      readonly message: string
      readonly observedGeneration?: number
    }[]
  }
}

/** Policies that are not in use as they stand: a Secret that is not there, a spec that cannot be read. */
export function policyFindings(policies: readonly CapPolicyState[]): Finding[] {
  return policies.flatMap(({ metadata: { name, generation }, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (ready === undefined || ready.observedGeneration !== generation) {
      const problem = `No manager has said yet whether CapPolicy ${name} is in use as it stands.`
      return [{ problem, wayOut: 'Ask again in a moment; if it stays so, see the log of the manager that leads.' }]
    }
    if (ready.status === 'True') return []
    const problems = (status?.problems ?? []).length > 0 ? (status?.problems ?? []) : [ready.message]
    const wayOut = WAYS_OUT[ready.reason] ?? `kubectl describe cappolicy ${name}`
    return problems.map((problem) => ({ problem: `CapPolicy ${name}: ${problem}`, wayOut }))
  })
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  SecretMissing: 'Make it where jobcap is installed: kubectl create secret generic NAME --from-literal=KEY=… -n jobcap',
  SpecInvalid: 'Correct the spec; kubectl explain cappolicy.spec says what stands where.',
  RouteUnpriced: 'Give the route a price in the policy, or take it out of allowedEndpoints.',
}
