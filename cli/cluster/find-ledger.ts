import type { KubeApi } from '../../kube/api.ts'
import type { KubeList, KubeObject } from '../../kube/objects.ts'
import { Unavailable } from '../faults.ts'

/** Name of the webhook configuration of an install, whatever its release is called; it says where the rest is. */
const INSTALL = 'jobcap'
const INSTALL_PATH = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${INSTALL}`
/** On the ledger's Service. */
const LEDGER_LABELS = 'app.kubernetes.io/part-of=jobcap,app.kubernetes.io/component=ledger'
/** Port of the Service that operators use; with one port it is that one. */
const OPERATORS_PORT = 'operators'

interface Install extends KubeObject {
  readonly webhooks?: readonly {
    readonly clientConfig: { readonly caBundle?: string; readonly service?: { readonly namespace: string } }
  }[]
}

interface Service extends KubeObject {
  readonly spec: {
    readonly selector?: Readonly<Record<string, string>>
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string }[]
  }
}

interface LedgerPod extends KubeObject {
  readonly spec: {
    readonly containers: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
    }[]
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly started?: boolean }[]
  }
}

/** A ledger in a cluster, as it is reached through the API server. */
export interface FoundLedger {
  /** The name that its certificate bears, `https://jobcap-ledger.jobcap.svc`. */
  readonly address: string
  /** The authorities of the install; its public part stands in every webhook configuration. */
  readonly caPem: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly port: number }
}

/** Finds the ledger of the cluster. Throws `Unavailable` with what is not there. */
export async function findLedger(kube: KubeApi): Promise<FoundLedger> {
  const install = await kube.get<Install>(INSTALL_PATH)
  const client = install?.webhooks?.find(({ clientConfig: { service } }) => service !== undefined)?.clientConfig
  const namespace = client?.service?.namespace
  if (namespace === undefined) {
    throw new Unavailable(
      `jobcap is not installed there: there is no MutatingWebhookConfiguration ${INSTALL} that leads to a Service`,
    )
  }
  if ((client?.caBundle ?? '') === '')
    throw new Unavailable('the webhook configuration has no caBundle yet: try again in a moment')
  const services = await kube.get<KubeList<Service>>(listOf(`/api/v1/namespaces/${namespace}/services`, LEDGER_LABELS))
  const service = services?.items.find(({ spec: { selector } }) => selector !== undefined)
  if (service === undefined) {
    throw new Unavailable(`namespace ${namespace} has no Service with the labels ${LEDGER_LABELS}`)
  }
  return {
    address: `https://${service.metadata.name}.${namespace}.svc`,
    caPem: Buffer.from(client?.caBundle ?? '', 'base64').toString('utf8'),
    pod: await answeringPod(kube, namespace, service),
  }
}

/** A ready one; else one that has started: it says what it is not ready for, and is told what a person gives up. */
async function answeringPod(
  kube: KubeApi,
  namespace: string,
  { metadata, spec }: Service,
): Promise<FoundLedger['pod']> {
  const selector = Object.entries(spec.selector ?? {}).map(([name, value]) => `${name}=${value}`)
  const pods = await kube.get<KubeList<LedgerPod>>(listOf(`/api/v1/namespaces/${namespace}/pods`, selector.join(',')))
  const isReady = ({ status }: LedgerPod) =>
    (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')
  const hasStarted = ({ status }: LedgerPod) =>
    (status?.containerStatuses ?? []).some(({ started }) => started === true)
  const pod = pods?.items.find(isReady) ?? pods?.items.find(hasStarted)
  if (pod === undefined) throw new Unavailable(`no Pod of Service ${namespace}/${metadata.name} has started`)
  const { ports = [] } = spec
  const port = ports.find(({ name }) => name === OPERATORS_PORT) ?? ports[0]
  const target = port?.targetPort ?? port?.port ?? 0
  return { namespace, name: pod.metadata.name, port: typeof target === 'number' ? target : portNamed(pod, target) }
}

function portNamed({ metadata, spec }: LedgerPod, name: string): number {
  const found = spec.containers.flatMap(({ ports = [] }) => ports).find((port) => port.name === name)
  if (found === undefined) throw new Unavailable(`Pod ${metadata.name} has no port named ${name}`)
  return found.containerPort
}

const listOf = (path: string, labels: string) => `${path}?labelSelector=${encodeURIComponent(labels)}`
