import { COMPLETION_INDEX_ANNOTATION } from '../../contract/labels.ts'
import type { Random } from '../../runtime/random.ts'
import type { Container, Job, PodSpec } from '../manifest/objects.ts'

/** A Job that runs: its names are decided. */
export interface RunningJob {
  readonly job: Job
  readonly name: string
  readonly namespace: string
  readonly uid: string
}

/** A Pod as the Job controller makes it. */
export interface Pod {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Completion index; null without Indexed completion. */
  readonly index: number | null
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** `<job>-<index>` with Indexed completion, else the Pod's name. */
  readonly hostName: string
  readonly spec: PodSpec
}

/** Kubernetes' alphabet of generated names: no vowels and no characters that look alike. */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** `count` random characters as Kubernetes puts them behind a generated name. */
export function randomSuffix(random: Random, count = 5): string {
  return [...random.bytes(count)].map((byte) => NAME_ALPHABET[byte % NAME_ALPHABET.length]).join('')
}

/** Gives a Job its name (`generateName` included) and its UID. */
export function nameJob(job: Job, namespace: string, random: Random): RunningJob {
  const { name, generateName = 'job-' } = job.metadata
  // Kubernetes cuts the base so that base and suffix fit into 63 characters.
  const chosen = name ?? `${generateName.slice(0, 58)}${randomSuffix(random)}`
  return { job, name: chosen, namespace, uid: random.uuid() }
}

/** The next Pod of a Job, with the names, labels and the index that the Job controller adds. */
export function makePod(running: RunningJob, index: number | null, random: Random): Pod {
  const { template } = running.job.spec
  const own: Record<string, string> = {
    'batch.kubernetes.io/controller-uid': running.uid,
    'batch.kubernetes.io/job-name': running.name,
    'controller-uid': running.uid,
    'job-name': running.name,
  }
  if (index !== null) own[COMPLETION_INDEX_ANNOTATION] = String(index)
  const stem = index === null ? running.name : `${running.name}-${index}`
  const name = `${stem}-${randomSuffix(random)}`
  return {
    name,
    namespace: running.namespace,
    uid: random.uuid(),
    index,
    labels: { ...template.metadata?.labels, ...own },
    annotations: {
      ...template.metadata?.annotations,
      ...(index === null ? {} : { [COMPLETION_INDEX_ANNOTATION]: String(index) }),
    },
    hostName: index === null ? name : stem,
    spec: index === null ? template.spec : withIndexVariable(template.spec),
  }
}

function withIndexVariable(spec: PodSpec): PodSpec {
  return {
    ...spec,
    containers: spec.containers.map(addIndexVariable),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(addIndexVariable) }),
  }
}

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX'

function addIndexVariable(container: Container): Container {
  const env = container.env ?? []
  if (env.some(({ name }) => name === INDEX_VARIABLE)) return container
  const fieldPath = `metadata.annotations['${COMPLETION_INDEX_ANNOTATION}']`
  return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } }] }
}
