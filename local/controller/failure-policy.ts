import type { ContainerStatus } from '../kubelet/events.ts'
import type { FailureRule, Job } from '../manifest/objects.ts'
import type { PodState } from './job-state.ts'

export interface PolicyMatch {
  readonly action: FailureRule['action']
  /** The sentence that a failed Job carries. */
  readonly message: string
}

/**
 * The first rule of `podFailurePolicy` that matches a failed Pod, or null. A rule without a container's name looks at
 * app containers first and then at init containers, sidecars too. Exit code 0 matches no rule.
 */
export function matchFailurePolicy(job: Job, namespace: string, pod: PodState): PolicyMatch | null {
  for (const [position, rule] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const container = matchingContainer(rule, pod.containers)
    if (container === undefined) continue
    const { name, exitCode } = container
    return {
      action: rule.action,
      message: `Container ${name} for pod ${namespace}/${pod.name} failed with exit code ${exitCode} matching ${rule.action} rule at index ${position}`,
    }
  }
  return null
}

function matchingContainer(rule: FailureRule, containers: readonly ContainerStatus[]): ContainerStatus | undefined {
  const { onExitCodes } = rule
  // Conditions are set by a cluster's evictions and preemptions, which do not happen here.
  if (onExitCodes === undefined) return undefined
  const matches = ({ name, exitCode }: ContainerStatus) => {
    if (exitCode === 0) return false
    if (typeof onExitCodes.containerName === 'string' && onExitCodes.containerName !== name) return false
    return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === 'In')
  }
  return (
    containers.find((container) => !container.isInit && matches(container)) ??
    containers.find((container) => container.isInit && matches(container))
  )
}
