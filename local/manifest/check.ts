import type { Container, Job, JobSpec, PodSpec, Volume } from './objects.ts'
import { checkShape, type Findings, isObject } from './shape.ts'
import { CRON_JOB_SHAPE, JOB_SHAPE } from './supported.ts'

/** Whether a Job can run locally. `commands`: containers whose command is given from outside, by name. */
export function checkJob(raw: unknown, commands: ReadonlySet<string> = new Set()): Findings {
  const findings = checkShape(raw, JOB_SHAPE, named(raw))
  if (findings.problems.length > 0) return findings
  const job = raw as Job
  return join(findings, checkSpec(job.spec, { path: `${named(raw)}spec`, commands }))
}

/** The same for a CronJob's template. */
export function checkCronJob(raw: unknown): Findings {
  const findings = checkShape(raw, CRON_JOB_SHAPE, named(raw))
  if (findings.problems.length > 0) return findings
  const { spec } = (raw as { spec: { jobTemplate: { spec: JobSpec } } }).spec.jobTemplate
  return join(findings, checkSpec(spec, { path: `${named(raw)}spec.jobTemplate.spec`, commands: new Set() }))
}

interface Within {
  readonly path: string
  readonly commands: ReadonlySet<string>
}

function named(raw: unknown): string {
  if (!isObject(raw)) return 'this object: '
  const metadata = isObject(raw['metadata']) ? raw['metadata'] : {}
  return `${String(raw['kind'])}/${String(metadata['name'] ?? metadata['generateName'])}: `
}

function join(first: Findings, second: Findings): Findings {
  return { problems: [...first.problems, ...second.problems], notes: [...first.notes, ...second.notes] }
}

/** What Kubernetes itself would refuse, as far as a local run would otherwise go wrong; and what would never end. */
function checkSpec(spec: JobSpec, within: Within): Findings {
  const problems: string[] = []
  const isIndexed = spec.completionMode === 'Indexed'
  if (isIndexed && (spec.completions === undefined || spec.completions === null)) {
    problems.push(`${within.path}.completions is missing: Indexed completion requires it`)
  }
  if (spec.podFailurePolicy !== undefined && spec.template.spec.restartPolicy !== 'Never') {
    problems.push(`${within.path}.podFailurePolicy requires template.spec.restartPolicy: Never`)
  }
  if (spec.backoffLimitPerIndex !== undefined && !isIndexed) {
    problems.push(`${within.path}.backoffLimitPerIndex requires completionMode: Indexed`)
  }
  if (spec.parallelism === 0 && spec.completions !== 0) {
    problems.push(`${within.path}.parallelism is 0, so no Pod would ever be made; locally it must be at least 1`)
  }
  const pod = `${within.path}.template.spec`
  checkPod(spec.template.spec, { path: pod, commands: within.commands }, problems)
  return { problems, notes: [] }
}

function checkPod(pod: PodSpec, within: Within, problems: string[]): void {
  const volumes = new Set((pod.volumes ?? []).map((volume) => volume.name))
  for (const volume of pod.volumes ?? []) checkVolume(volume, within, problems)
  if (pod.containers.length === 0) problems.push(`${within.path}.containers is empty`)
  const seen = new Set<string>()
  for (const [field, containers] of [
    ['initContainers', pod.initContainers ?? []],
    ['containers', pod.containers],
  ] as const) {
    for (const container of containers) {
      const path = `${within.path}.${field}[${container.name}]`
      if (seen.has(container.name)) problems.push(`${path}: there are two containers of this name`)
      seen.add(container.name)
      checkContainer(container, { path, commands: within.commands, volumes }, problems)
    }
  }
}

const VOLUME_SOURCES = ['emptyDir', 'configMap', 'secret', 'projected'] as const

function checkVolume(volume: Volume, within: Within, problems: string[]): void {
  // `emptyDir:` with nothing after it is null and means `emptyDir: {}`.
  const sources = VOLUME_SOURCES.filter((source) => source in volume)
  if (sources.length !== 1) {
    problems.push(`${within.path}.volumes[${volume.name}] must have exactly one of ${VOLUME_SOURCES.join(', ')}`)
  }
}

function checkContainer(
  container: Container,
  within: Within & { volumes: ReadonlySet<string> },
  problems: string[],
): void {
  if ((container.command ?? []).length === 0 && !within.commands.has(container.name)) {
    problems.push(
      `${within.path}.command is missing: locally there is no image${container.image ? ` (${container.image})` : ''} ` +
        'whose entrypoint could be read, so say in the manifest what to run',
    )
  }
  for (const mount of container.volumeMounts ?? []) {
    const path = `${within.path}.volumeMounts[${mount.name}]`
    if (!within.volumes.has(mount.name)) problems.push(`${path} names a volume that the Pod does not have`)
    if (!mount.mountPath.startsWith('/')) problems.push(`${path}.mountPath must be absolute`)
    if (/[\t\n]/.test(mount.mountPath)) problems.push(`${path}.mountPath must not contain tabs or line ends`)
    if (mount.subPath !== undefined && /(^\/|(^|\/)\.\.(\/|$))/.test(mount.subPath)) {
      problems.push(`${path}.subPath must stay within its volume`)
    }
  }
}
