import { type KubeApi, KubeFault } from '../../../kube/api.ts'
import { listAll } from '../../../kube/list.ts'
import type { KubeObject } from '../../../kube/objects.ts'
import { type CapPolicyObject, readPolicyObject } from '../../../policy/custom-resources.ts'
import type { Policy } from '../../../policy/policy.ts'
import { type JsonObject, objectsTaken, type TakenObject, vendorSecretsIn } from '../../../webhook/plan.ts'
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
  /** Of a Job that is yet to be made. */
  readonly isTemplate: boolean
}

const ENDED: readonly (string | undefined)[] = ['Succeeded', 'Failed']

/** Every namespace has it and every Pod takes it: the API server's CA. */
const OF_EVERY_POD = 'kube-root-ca.crt'

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
  const holders: Holder[] = [
    ...pods
      .filter(({ status }) => !ENDED.includes(status?.phase))
      .map((pod) => ({ title: ownerOf(pod), podSpec: pod.spec, isTemplate: false })),
    ...cronJobs.map(({ metadata, spec }) => ({
      title: `CronJob ${metadata.name}`,
      podSpec: spec.jobTemplate.spec.template.spec,
      isTemplate: true,
    })),
  ]
  const contents = await readContents(kube, namespace, holders)
  const contentOf = (object: Named) => contents.read.get(keyOf(object)) ?? {}
  const said = holders.flatMap(({ title, podSpec, isTemplate }) =>
    vendorSecretsIn({ podSpec, isTemplate, policy, contentOf }).map(
      (sentence) => `${title} in namespace ${namespace}: ${sentence}.`,
    ),
  )
  const wayOut = `Take it out of the manifest, and delete the Secret from namespace ${namespace}: the ledger puts in the real one. Who has read it can go around the cap, so change it at the vendor.`
  return [...[...new Set(said)].map((problem) => ({ problem, wayOut })), ...unreadFindings(contents.unread, namespace)]
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

type Named = Pick<TakenObject, 'kind' | 'name'>

/** As sentences name it. */
function keyOf({ kind, name }: Named): string {
  return `${kind} ${name}`
}

interface Contents {
  readonly read: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** That this person may not look into. */
  readonly unread: readonly string[]
}

async function readContents(kube: KubeApi, namespace: string, holders: readonly Holder[]): Promise<Contents> {
  const taken = new Map<string, Named>()
  for (const object of holders.flatMap(({ podSpec }) => objectsTaken(podSpec))) {
    if (object.name !== OF_EVERY_POD) taken.set(keyOf(object), object)
  }
  const read = new Map<string, Readonly<Record<string, string>>>()
  const unread: string[] = []
  for (const [key, { kind, name }] of taken) {
    const path = `/api/v1/namespaces/${namespace}/${kind === 'Secret' ? 'secrets' : 'configmaps'}/${name}`
    try {
      read.set(key, textsOf(kind, await kube.get<Filled>(path)))
    } catch (fault) {
      if (!(fault instanceof KubeFault && fault.status === 403)) throw fault
      unread.push(key)
    }
  }
  return { read, unread }
}

interface Filled {
  readonly data?: Readonly<Record<string, string>>
}

/** A ConfigMap's `binaryData` is left out: no vendor's secret is. Undefined: it is not there. */
function textsOf(kind: Named['kind'], object: Filled | undefined): Readonly<Record<string, string>> {
  const data = object?.data ?? {}
  if (kind === 'ConfigMap') return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

function unreadFindings(unread: readonly string[], namespace: string): Finding[] {
  if (unread.length === 0) return []
  return [
    {
      problem: `In namespace ${namespace} nobody has looked into ${unread.join(', ')}: a vendor's secret under a name of its own would not be seen.`,
      wayOut: 'Run it again as somebody who may get them there: that is not in the ClusterRole jobcap-examines.',
    },
  ]
}
