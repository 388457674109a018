import { INJECT_LABEL } from '../../contract/labels.ts'
import { type KubeDoors, mirror } from '../../kube/mirror.ts'
import { CAP_POLICIES_PATH, type KubeObject } from '../../kube/objects.ts'
import { type CapPolicyObject, createPolicyShelf } from '../../policy/custom-resources.ts'
import type { AdmissionSources } from './answer.ts'

/** What admission asks of the cluster, by watch. */
export interface WatchedSources extends Pick<AdmissionSources, 'namespaceLabels' | 'policies'> {
  /** Resolves when all of it has been read once. */
  readonly areThere: Promise<void>
  stop(): void
}

export function watchSources(doors: KubeDoors): WatchedSources {
  const namespaces = mirror<KubeObject, Readonly<Record<string, string>>>(doors, {
    path: '/api/v1/namespaces',
    pick: ({ metadata: { labels } }) => labels ?? {},
  })
  const shelf = createPolicyShelf((problem) => {
    doors.log.error({ problem }, 'the new policy is not used, the old one stays')
  })
  const policies = mirror<CapPolicyObject & KubeObject, true>(doors, {
    path: CAP_POLICIES_PATH,
    ...shelf.following,
  })
  return {
    async namespaceLabels(namespace) {
      const known = namespaces.get(namespace)
      if (known?.[INJECT_LABEL] === 'enabled') return known
      // The API server asks only for labelled namespaces, so what we know is older than what it knows.
      const fresh = await doors.kube.get<KubeObject>(`/api/v1/namespaces/${namespace}`)
      return fresh?.metadata.labels ?? {}
    },
    policies: () => shelf.all(),
    areThere: Promise.all([namespaces.isThere, policies.isThere]).then(() => {}),
    stop() {
      namespaces.stop()
      policies.stop()
    },
  }
}
