import { type KubeApi, KubeFault } from '../../../kube/api.ts'
import { listAll } from '../../../kube/list.ts'
import type { KubeObject } from '../../../kube/objects.ts'
import { type CapPolicyObject, readPolicyObject } from '../../../policy/custom-resources.ts'
import type { Policy } from '../../../policy/policy.ts'
import { type JsonObject, secretsTakenWhole, vendorSecretsIn } from '../../../webhook/plan.ts'
import type { Finding } from '../finding.ts'

interface Pod extends KubeObject {
  readonly spec: JsonObject
  readonly status?: { readonly phase?: string }
}

interface CronJob extends KubeObject {
  readonly spec: { readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: JsonObject } } } }
}

interface Holder {
  /** `Job nightly`, `CronJob nightly`, `Pod web`. */
  readonly title: string
  readonly podSpec: JsonObject
}

const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed']

/**
 * Pods that hold a vendor's secret although their namespace has a cap: who holds it can go around us. Of CronJobs only what
 * admission would leave in their Pods.
 */
export async function mountedSecretFindings(
  kube: KubeApi,
  { namespace, policies }: { readonly namespace: string; readonly policies: readonly CapPolicyObject[] },
): Promise<Finding[]> {
  const policy = withAllVendors(policies)
  if (policy === undefined) return []
  const pods = await listAll<Pod>(kube, `/api/v1/namespaces/${namespace}/pods`)
  const cronJobs = await listAll<CronJob>(kube, `/apis/batch/v1/namespaces/${namespace}/cronjobs`)
  const holders = [
    ...pods
      .filter(({ status }) => !ENDED.includes(status?.phase))
      .map((pod) => ({ title: ownerOf(pod), podSpec: pod.spec })),
    ...cronJobs.map(({ metadata, spec }) => ({
      title: `CronJob ${metadata.name}`,
      podSpec: withoutReferences(spec.jobTemplate.spec.template.spec),
    })),
  ]
  const keys = await keysOfSecrets(kube, namespace, holders)
  const said = holders.flatMap(({ title, podSpec }) => {
    const keysOf = (secret: string) => keys.get(secret) ?? []
    return vendorSecretsIn({ podSpec, policy, keysOf }).map(
      (sentence) => `${title} in namespace ${namespace}: ${sentence}.`,
    )
  })
  const wayOut = `Take it out of the manifest, and delete the Secret from namespace ${namespace}: the ledger puts in the real one. Who has read it can go around the cap, so change it at the vendor.`
  return [...new Set(said)].map((problem) => ({ problem, wayOut }))
}

/** Of all policies: whose secret it is makes no difference here. */
function withAllVendors(objects: readonly CapPolicyObject[]): Policy | undefined {
  const policies = objects.map(readPolicyObject).filter((read): read is Policy => !('problem' in read))
  const [first] = policies
  return first === undefined ? undefined : { ...first, vendors: policies.flatMap(({ vendors }) => vendors) }
}

/** Pods of one Job hold the same. */
function ownerOf({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true)
  return owner === undefined ? `Pod ${metadata.name}` : `${owner.kind} ${owner.name}`
}

/** What admission puts placeholders in the place of, once the CronJob makes a Job. */
function withoutReferences(podSpec: JsonObject): JsonObject {
  const copy = structuredClone(podSpec)
  for (const list of ['initContainers', 'containers']) {
    for (const container of (copy[list] ?? []) as { env?: { valueFrom?: object }[] }[]) {
      if (container.env !== undefined) container.env = container.env.filter(({ valueFrom }) => valueFrom === undefined)
    }
  }
  return copy
}

/** Names of the variables only. A person may be allowed to look at Pods and not at Secrets: then those are not known. */
async function keysOfSecrets(
  kube: KubeApi,
  namespace: string,
  holders: readonly Holder[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Set(holders.flatMap(({ podSpec }) => secretsTakenWhole(podSpec)).map(({ secret }) => secret))
  const keys = new Map<string, readonly string[]>()
  for (const name of names) {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`
    const secret = await kube.get<{ readonly data?: object }>(path).catch((fault: unknown) => {
      if (fault instanceof KubeFault && fault.status === 403) return undefined
      throw fault
    })
    keys.set(name, Object.keys(secret?.data ?? {}))
  }
  return keys
}
