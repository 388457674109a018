import { INJECT_LABEL } from '../../contract/labels.ts'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { listAll } from '../../kube/list.ts'
import { CAP_POLICIES_PATH, type KubeObject } from '../../kube/objects.ts'
import { admissionFindings } from './cluster/admission.ts'
import { clockFindings } from './cluster/clocks.ts'
import { mountedSecretFindings } from './cluster/mounted-secrets.ts'
import { type CapPolicyState, policyFindings } from './cluster/policies.ts'
import type { Finding } from './finding.ts'

/** What needs a person in a cluster beside the ledger's own record, as far as the kubeconfig's user may look. */
export async function clusterFindings(kube: KubeApi): Promise<Finding[]> {
  const policies = await look('CapPolicies', () => listAll<CapPolicyState>(kube, CAP_POLICIES_PATH))
  const labelled = await look('namespaces', () => {
    return listAll<KubeObject>(
      kube,
      `/api/v1/namespaces?labelSelector=${encodeURIComponent(`${INJECT_LABEL}=enabled`)}`,
    )
  })
  const findings = [...policies.unseen, ...labelled.unseen, ...policyFindings(policies.seen ?? [])]
  for (const { metadata } of labelled.seen ?? []) {
    const namespace = metadata.name
    const secrets = await look(`Pods and CronJobs of namespace ${namespace}`, () =>
      mountedSecretFindings(kube, { namespace, policies: policies.seen ?? [] }),
    )
    const admission = await look(
      `admission in namespace ${namespace}`,
      () => admissionFindings(kube, namespace),
      'Run it again as somebody who may make Jobs there: that is not in the ClusterRole jobcap-examines.',
    )
    findings.push(...found(secrets), ...found(admission))
  }
  return [...findings, ...found(await look('clocks of the nodes', () => clockFindings(kube)))]
}

const EXAMINES = 'Run it again as somebody who may; a ClusterRole of the chart, jobcap-examines, lets one look.'

interface Looked<Seen> {
  readonly seen?: Seen
  readonly unseen: readonly Finding[]
}

/** A question that this person may not ask is a finding too: nobody knows the answer. */
async function look<Seen>(what: string, ask: () => Promise<Seen>, wayOut = EXAMINES): Promise<Looked<Seen>> {
  try {
    return { seen: await ask(), unseen: [] }
  } catch (fault) {
    if (!(fault instanceof KubeFault)) throw fault
    return { unseen: [{ problem: `The ${what} could not be looked at: ${fault.message}.`, wayOut }] }
  }
}

function found({ seen = [], unseen }: Looked<readonly Finding[]>): readonly Finding[] {
  return [...seen, ...unseen]
}
