import { ISSUER_CONTAINER, PROXY_CONTAINER } from '../contract/labels.ts'
import { isRefusalCode, type RefusalCode } from '../contract/refusals.ts'
import { readPage } from '../kube/list.ts'
import type { ContainerStatus, KubeList, Pod } from '../kube/objects.ts'
import { type EventDoors, type PodRefusal, type Regarding, refusedPods, sayOnJob } from './events.ts'

const OURS: readonly string[] = [ISSUER_CONTAINER, PROXY_CONTAINER]
/** Of a Job with thousands of failed Pods these are looked at: what ends its Pods ends them all alike. */
const MOST_PAGES = 10

type Looked = Regarding & { readonly restartsInPlace: boolean }

/**
 * Kubernetes says on a Job no more than an exit code of ours, and the Pod that knows why may be gone soon: so it is said on
 * the Job too, once for each code. Where containers are restarted in place, living Pods are read too. A spent cap is told
 * with the end of its run. Never fails.
 */
export async function tellOfRefusedPods(doors: EventDoors, job: Looked): Promise<void> {
  try {
    for (const refused of await findRefusals(doors, job)) await sayOnJob(doors, job, refusedPods(refused))
  } catch (fault) {
    doors.log.warn({ err: fault, job: job.name }, 'why the Pods of a Job failed could not be read')
  }
}

async function findRefusals(
  { kube }: EventDoors,
  { namespace, uid, restartsInPlace }: Looked,
): Promise<Iterable<PodRefusal>> {
  const ofPhase = restartsInPlace ? '' : '&fieldSelector=status.phase=Failed'
  const selected = `labelSelector=batch.kubernetes.io/controller-uid=${uid}${ofPhase}`
  const found = new Map<RefusalCode | undefined, PodRefusal>()
  let from: string | undefined = ''
  for (let page = 0; page < MOST_PAGES && from !== undefined; page += 1) {
    const read: KubeList<Pod> | undefined = await readPage<Pod>(
      kube,
      `/api/v1/namespaces/${namespace}/pods?${selected}`,
      from,
    )
    for (const refused of (read?.items ?? []).flatMap(refusalsOf)) {
      if (!found.has(refused.code)) found.set(refused.code, refused)
    }
    from = read?.metadata.continue || undefined
  }
  return found.values()
}

function refusalsOf({ metadata, status }: Pod): PodRefusal[] {
  return (status?.initContainerStatuses ?? [])
    .filter(({ name }) => OURS.includes(name))
    .flatMap((container) => readLeft(container).map((left) => ({ pod: metadata.name, ...left })))
}

function readLeft({ state, lastState }: ContainerStatus): Omit<PodRefusal, 'pod'>[] {
  try {
    const left = JSON.parse((state?.terminated ?? lastState?.terminated)?.message ?? '') as {
      readonly reason?: unknown
      readonly message?: unknown
    }
    if (typeof left.message !== 'string' || left.reason === 'cap_exhausted') return []
    const code = typeof left.reason === 'string' && isRefusalCode(left.reason) ? left.reason : undefined
    return [{ code, message: left.message }]
  } catch {
    // Nothing of ours: it ended without a word, or the kubelet's own words stand there.
    return []
  }
}
