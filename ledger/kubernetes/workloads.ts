import { asJobUid, asPodUid } from '../../contract/ids.ts'
import {
  COMPLETION_INDEX_ANNOTATION,
  ISSUER_CONTAINER,
  PROXY_CONTAINER,
  TOKEN_AUDIENCE,
} from '../../contract/labels.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { WorkloadFacts } from '../../contract/workload.ts'
import { type KubeApi, KubeFault } from '../../kube/api.ts'
import { isEnded, type Job, type KubeObject, type Pod } from '../../kube/objects.ts'
import type { Log } from '../../runtime/log.ts'
import type { Workloads } from '../effects.ts'

const POD_NAME = 'authentication.kubernetes.io/pod-name'
const POD_UID = 'authentication.kubernetes.io/pod-uid'
const OURS = [ISSUER_CONTAINER, PROXY_CONTAINER]
const SERVICE_ACCOUNT = /^system:serviceaccount:([a-z0-9-]+):/
interface TokenReview {
  readonly status: {
    readonly authenticated?: boolean
    readonly audiences?: readonly string[]
    readonly error?: string
    readonly user?: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> }
  }
}

/** Who a Pod is, asked of the API server: its token, the Pod by UID, the Job that controls it, the namespace's labels. */
export function createKubeWorkloads(kube: KubeApi, log: Log): Workloads {
  return {
    async identify(podToken) {
      try {
        return await identify(kube, podToken)
      } catch (fault) {
        if (!(fault instanceof KubeFault)) throw fault
        log.error({ status: fault.status, reason: fault.message }, 'the API server could not say who a Pod is')
        return refusal('ledger_not_ready', 'The API server could not be asked who this Pod is.')
      }
    },
    async hasJobEnded({ namespace, name, uid }) {
      try {
        const found = await kube.get<Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${name}`)
        return found?.metadata.uid !== uid || isEnded(found)
      } catch (fault) {
        if (!(fault instanceof KubeFault)) throw fault
        log.warn(
          { status: fault.status, reason: fault.message },
          'the API server could not say whether a Job has ended',
        )
        return false
      }
    },
    // The API server itself says when a Pod has ended.
    podEnded: () => Promise.resolve(),
  }
}

async function identify(kube: KubeApi, podToken: string): Promise<WorkloadFacts | Refusal> {
  const holder = await holderOf(kube, podToken)
  if ('code' in holder) return holder
  const { namespace, podName, podUid } = holder
  const [pod, space] = await Promise.all([
    kube.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${podName}`),
    kube.get<KubeObject>(`/api/v1/namespaces/${namespace}`),
  ])
  if (pod === undefined || pod.metadata.uid !== podUid)
    return refusal('pod_token_invalid', 'The Pod of this token is gone.')
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner?.kind !== 'Job' || !owner.apiVersion.startsWith('batch/')) {
    return refusal('pod_token_invalid', 'The Pod is not controlled by a Job; only Pods of Jobs get a credential.')
  }
  // Only the Job controller may make Pods that carry our containers (the chart's ValidatingAdmissionPolicy), and nobody can
  // add an init container later: so whoever forges an owner is found out here.
  const isInjected = OURS.every((ours) => pod.spec.initContainers?.some(({ name }) => name === ours))
  if (!isInjected) return refusal('pod_token_invalid', 'The Pod was not injected: it has no issuer and no proxy.')
  const found = await kube.get<Job>(`/apis/batch/v1/namespaces/${namespace}/jobs/${owner.name}`)
  const job = found?.metadata.uid === owner.uid ? found : undefined
  if (job === undefined) return refusal('key_ended', 'The Job of this Pod is gone.')
  const index = indexOf(pod, job)
  if (typeof index === 'object' && index !== null) return index
  return factsOf({ namespace, pod, job, index, namespaceLabels: space?.metadata.labels ?? {} })
}

/** Who may edit Pods may write another one there: what the Job controller would not have made is not believed. */
function indexOf({ metadata }: Pod, { spec: { completionMode, completions } }: Job): number | null | Refusal {
  const text = metadata.annotations?.[COMPLETION_INDEX_ANNOTATION]
  if (completionMode !== 'Indexed') return null
  if (text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < (completions ?? 0)) return Number(text)
  return refusal('pod_token_invalid', `The Pod's annotation ${COMPLETION_INDEX_ANNOTATION} is no index of its Job.`)
}

interface Found {
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly pod: Pod
  readonly job: Job
  readonly index: number | null
}

function factsOf({ namespace, namespaceLabels, pod, job, index }: Found): WorkloadFacts {
  const phase = pod.status?.phase
  return {
    namespace,
    namespaceLabels,
    pod: {
      name: pod.metadata.name,
      uid: asPodUid(pod.metadata.uid),
      index,
      isEnding: pod.metadata.deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed',
      // The Job's, and not the Pod's own: a Pod's annotations can be edited, a Job's template cannot.
      templateAnnotations: job.spec.template.metadata?.annotations ?? {},
    },
    job: {
      name: job.metadata.name,
      uid: asJobUid(job.metadata.uid),
      labels: job.metadata.labels ?? {},
      completionMode: job.spec.completionMode ?? 'NonIndexed',
      completions: job.spec.completions ?? null,
      isEnded: isEnded(job),
    },
  }
}

interface Holder {
  readonly namespace: string
  readonly podName: string
  readonly podUid: string
}

async function holderOf(kube: KubeApi, token: string): Promise<Holder | Refusal> {
  const review = await kube.create<TokenReview>('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [TOKEN_AUDIENCE] },
  })
  const { authenticated, audiences = [], user } = review.status
  if (authenticated !== true || !audiences.includes(TOKEN_AUDIENCE)) return refusal('pod_token_invalid')
  const namespace = SERVICE_ACCOUNT.exec(user?.username ?? '')?.[1]
  const podName = user?.extra?.[POD_NAME]?.[0]
  const podUid = user?.extra?.[POD_UID]?.[0]
  if (namespace === undefined || podName === undefined || podUid === undefined) {
    return refusal('pod_token_invalid', 'The token is not bound to a Pod.')
  }
  return { namespace, podName, podUid }
}
