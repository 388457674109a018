import { type KubeDoors, mirror } from '../../kube/mirror.ts'
import { CAP_POLICIES_PATH, type KubeObject } from '../../kube/objects.ts'
import { type CapPolicyObject, createPolicyShelf } from '../../policy/custom-resources.ts'
import type { PolicySource } from '../effects.ts'

export interface KubePolicies extends PolicySource {
  /** Resolves when they have been read once. */
  readonly isThere: Promise<void>
  stop(): void
}

/** The `CapPolicy` objects of the cluster, by watch: a change holds from the next call on. */
export function createKubePolicies(doors: KubeDoors): KubePolicies {
  const shelf = createPolicyShelf((problem) => {
    doors.log.error({ problem }, 'the new policy is not used, the old one stays')
  })
  const watched = mirror<CapPolicyObject & KubeObject, true>(doors, {
    path: CAP_POLICIES_PATH,
    ...shelf.following,
  })
  return {
    isThere: watched.isThere,
    all: () => shelf.all(),
    named: (name) => shelf.named(name),
    problem: () => shelf.problem(),
    stop: () => watched.stop(),
  }
}
