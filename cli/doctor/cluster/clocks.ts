import type { KubeApi } from '../../../kube/api.ts'
import { listAll } from '../../../kube/list.ts'
import type { KubeObject } from '../../../kube/objects.ts'
import type { Finding } from '../finding.ts'

/** Caps of a day, lives of credentials and certificates are judged by clocks of several nodes. */
const BEARABLE_SKEW_MS = 60_000
/** Nodes that live renew their lease each 10 s, by their own clock; after 40 s without they are not ready. */
const RENEWED_WITHIN_MS = 40_000

interface Node extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

interface Lease extends KubeObject {
  readonly spec: { readonly renewTime?: string }
}

/** Nodes, and with them all that runs there, whose clock is not the API server's. */
export async function clockFindings(kube: KubeApi): Promise<Finding[]> {
  const leases = await listAll<Lease>(kube, '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases')
  const nodes = await listAll<Node>(kube, '/api/v1/nodes')
  const nowMs = await nowOfServer(kube)
  return nodes.filter(isReady).flatMap(({ metadata: { name } }) => {
    const renewed = leases.find(({ metadata }) => metadata.name === name)?.spec.renewTime
    const skewMs = renewed === undefined ? 0 : skewOf(Date.parse(renewed), nowMs)
    if (skewMs === 0) return []
    const by = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`
    const wayOut = 'Set it by NTP. Days of caps, Pod credentials and certificates begin and end by it.'
    return [{ problem: `The clock of node ${name} is about ${by} the API server's.`, wayOut }]
  })
}

function isReady({ status }: Node): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')
}

/** 0 where it is bearable; a lease may be as old as a node that lives lets it become. */
function skewOf(renewedAtMs: number, nowMs: number): number {
  if (renewedAtMs - nowMs > BEARABLE_SKEW_MS) return renewedAtMs - nowMs
  if (nowMs - renewedAtMs > BEARABLE_SKEW_MS + RENEWED_WITHIN_MS) return renewedAtMs - nowMs
  return 0
}

/** Anybody may ask who they are, and the answer bears a time. */
async function nowOfServer(kube: KubeApi): Promise<number> {
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const { metadata } = await kube.create<{ readonly metadata: { readonly creationTimestamp: string } }>(
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    asked,
  )
  return Date.parse(metadata.creationTimestamp)
}
