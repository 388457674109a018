import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import {
  COMPLETION_INDEX_ANNOTATION,
  INJECTED_ANNOTATION,
  ISSUER_CONTAINER,
  PROXY_CONTAINER,
  RESTART_POLICY_ANNOTATION,
} from '../../contract/labels.ts'
import { type Mirror, mirror } from '../../kube/mirror.ts'
import type { Job, Pod } from '../../kube/objects.ts'
import { createLog } from '../../runtime/log.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { askedOf, type Ended, type EndedPod, outcomes, shown, smallJob } from '../local/outcomes.ts'
import type { MadeNamespace } from './ground.ts'
import { APP_IMAGE } from './paying-job.ts'
import type { Stage } from './stage.ts'
import { teamOn } from './team.ts'

/** Where Jobs are left alone: not `default`, where a cluster that is there already may have things of these names. */
const PLAIN: MadeNamespace = 'left-alone'
/** Where each Job is injected. */
const INJECTED: MadeNamespace = 'small-jobs'
/** Where the table's Jobs are: its messages name it. */
const IN_TABLE = 'default'
/** A node is slower than the deadlines of these Jobs: they get one only when a Pod of theirs is in this phase. */
const DEADLINE_COMES: Readonly<Record<string, 'Running' | 'Failed'>> = {
  deadline: 'Running',
  'grace-period': 'Running',
  'ignored-failures': 'Failed',
}
const FAR_S = 3_000
const OURS: readonly string[] = [ISSUER_CONTAINER, PROXY_CONTAINER]

/** The table of test/local/jobs, by which `jobcap run` is held to what a cluster does: here the cluster is held to it. */
export function smallJobsOn(stage: () => Stage): void {
  const watched = new Map<string, Watched>()
  before(async () => {
    for (const namespace of [PLAIN, INJECTED]) watched.set(namespace, await begin(stage(), namespace))
  })
  after(() => {
    for (const { stop } of watched.values()) stop()
  })

  for (const [namespace, how] of [
    [PLAIN, 'left alone'],
    [INJECTED, 'injected'],
  ] as const) {
    for (const [name, outcome] of Object.entries(outcomes)) {
      it(`${name}, ${how}: ${outcome.condition}, ${outcome.reason}`, async () => {
        const jobs = watched.get(namespace) as Watched
        await teamOn(stage).until(`the end of ${name}`, () => jobs.go(name))
        const ended = jobs.endOf(name)
        const asked = askedOf(name, ended)
        const isIndexed = outcome.pods?.some(([index]) => index !== null) ?? true
        expect(shown(isIndexed ? ended : withoutIndexes(ended), asked)).to.deep.equal(asked)
        expect(jobs.isInjected(name)).to.equal(namespace === INJECTED)
      })
    }
  }
}

/** All of them at once. */
async function begin(stage: Stage, namespace: string): Promise<Watched> {
  const labels = namespace === INJECTED ? { 'jobcap.dev/inject': 'enabled' } : {}
  await stage.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
  const inIt = (...args: readonly string[]) => stage.kubectl(['-n', namespace, ...args])
  await inIt('wait', '--for=create', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '--timeout=60s')
  // Of an earlier try.
  await inIt('delete', 'job', '--ignore-not-found', ...Object.keys(outcomes))
  const watched = watch(stage, namespace)
  await watched.isThere
  const objects = Object.keys(outcomes).flatMap((name) =>
    parseAllDocuments(smallJob(name)).map((document) => onNode(document.toJS() as AnyObject, namespace)),
  )
  await stage.apply(...objects)
  return watched
}

interface Watched {
  readonly isThere: Promise<unknown>
  /** Lets its deadline come when it is due. Whether it has ended, as all its Pods have. */
  go(job: string): Promise<boolean>
  endOf(job: string): Ended
  isInjected(job: string): boolean
  stop(): void
}

/** Pods too that are gone by now, as they were seen last. */
function watch({ kube }: Stage, namespace: string): Watched {
  const doors = { kube, timers: systemTimers, log: createLog('test', 'silent') }
  const jobs: Mirror<SmallJob> = mirror<SmallJob, SmallJob>(doors, {
    path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
    pick: (job) => job,
  })
  const pods = new Map<string, SmallPod>()
  const seen = mirror<SmallPod, SmallPod>(doors, {
    path: `/api/v1/namespaces/${namespace}/pods`,
    pick: (pod) => pod,
    onChange: ({ row }) => void (row !== undefined && pods.set(row.metadata.uid, row)),
  })
  const jobOf = (name: string) => jobs.get(`${namespace}/${name}`)
  const podsOf = (job: SmallJob) =>
    [...pods.values()].filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid))
  return {
    isThere: Promise.all([jobs.isThere, seen.isThere]),
    async go(name) {
      const job = jobOf(name)
      if (job === undefined) return false
      const phases = podsOf(job).map(({ status }) => status?.phase ?? 'Unknown')
      const due = DEADLINE_COMES[name]
      if (job.spec.activeDeadlineSeconds === FAR_S && due !== undefined && phases.includes(due)) {
        const path = `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`
        await kube.merge(path, { spec: { activeDeadlineSeconds: 1 } })
      }
      const done = phases.filter((phase) => phase === 'Succeeded' || phase === 'Failed')
      const { succeeded = 0, failed = 0 } = job.status ?? {}
      return (
        conditionOf(job, namespace) !== undefined && done.length === phases.length && done.length >= succeeded + failed
      )
    },
    endOf(name) {
      const job = jobOf(name)
      if (job === undefined) throw new Error(`there is no Job ${name}`)
      const { succeeded = 0, failed = 0 } = job.status ?? {}
      return {
        condition: conditionOf(job, namespace) ?? null,
        succeeded,
        failed,
        pods: podsOf(job).map((pod) => endOfPod(pod, namespace)),
      }
    },
    isInjected: (name) => jobOf(name)?.spec.template.metadata?.annotations?.[INJECTED_ANNOTATION] !== undefined,
    stop() {
      jobs.stop()
      seen.stop()
    },
  }
}

function conditionOf({ status }: SmallJob, namespace: string): Ended['condition'] | undefined {
  const found = status?.conditions?.find(({ type, status: is }) => /^(Complete|Failed)$/.test(type) && is === 'True')
  if (found === undefined) return undefined
  const { type, reason = '', message: said = '' } = found
  const message = said.replace(`pod ${namespace}/`, `pod ${IN_TABLE}/`)
  // Rules of ours come before those of the Job.
  return { type, reason, message: namespace === PLAIN ? message : message.replace(/(?<=rule at index )\d+/, '0') }
}

function endOfPod({ metadata, status }: SmallPod, namespace: string): EndedPod {
  const index = metadata.annotations?.[COMPLETION_INDEX_ANNOTATION]
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  return {
    pod: { name: metadata.name, index: index === undefined ? null : Number(index) },
    result: {
      phase: status?.phase ?? 'Unknown',
      containers: containers.flatMap(({ name, restartCount: restarts, state: { terminated } }) => {
        if (terminated === undefined || OURS.includes(name)) return []
        const { exitCode, message = '' } = terminated
        return [{ name, restarts, exitCode, message: message.replace(namespace, IN_TABLE) }]
      }),
    },
  }
}

/** Injected Jobs become Indexed. */
function withoutIndexes(ended: Ended): Ended {
  return { ...ended, pods: ended.pods.map(({ pod, result }) => ({ pod: { ...pod, index: null }, result })) }
}

/** The same with an image that the node has. */
function onNode(object: AnyObject, namespace: string): object {
  const metadata = { ...object.metadata, namespace }
  if (object.kind !== 'Job') return { ...object, metadata }
  const { template, activeDeadlineSeconds, ...spec } = object.spec
  const { initContainers = [], containers, ...pod } = template.spec
  const withImage = (container: object) => ({ ...container, image: APP_IMAGE })
  const podSpec = { ...pod, initContainers: initContainers.map(withImage), containers: containers.map(withImage) }
  return {
    ...object,
    // Else a container that restarts in place becomes a Pod that is replaced.
    metadata: { ...metadata, annotations: { [RESTART_POLICY_ANNOTATION]: 'keep' } },
    spec: {
      ...spec,
      ...(activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: FAR_S }),
      template: { ...template, spec: podSpec },
    },
  }
}

type SmallJob = Omit<Job, 'spec' | 'status'> & {
  readonly spec: Job['spec'] & { readonly activeDeadlineSeconds?: number }
  readonly status?: Job['status'] & { readonly succeeded?: number; readonly failed?: number }
}

type SmallPod = Omit<Pod, 'status'> & {
  readonly status?: Pod['status'] & {
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly state: { readonly terminated?: { readonly exitCode: number; readonly message?: string } }
}

interface AnyObject {
  readonly kind: string
  readonly metadata: object
  readonly spec: {
    readonly activeDeadlineSeconds?: number
    readonly template: {
      readonly spec: { readonly initContainers?: readonly object[]; readonly containers: readonly object[] }
    }
  }
}
