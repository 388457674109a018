/**
 * The window of this room: Jobs as Pods on one machine. `openMachine` finds out what this machine allows; `startJob`
 * runs one Job on it, and several can follow each other.
 */
import { join } from 'node:path'
import { asJobUid, asPodUid } from '../contract/ids.ts'
import type { LocalPodToken } from '../contract/workload.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'
import type { BackOff } from './controller/back-off.ts'
import { type JobResult, JobRunner } from './controller/job-runner.ts'
import { limitsOf } from './controller/job-state.ts'
import { makePod, nameJob, type Pod, type RunningJob } from './controller/pod-object.ts'
import type { LocalCommand, LocalPods, PrivateBind } from './kubelet/container-plan.ts'
import { buildEnvironment } from './kubelet/environment.ts'
import { PodRunner } from './kubelet/pod-runner.ts'
import { describeVolumes } from './kubelet/volumes.ts'
import { checkJob } from './manifest/check.ts'
import type { Job, KeyedData, Labels } from './manifest/objects.ts'
import { chooseIsolation } from './namespaces/choose-isolation.ts'
import type { Isolation, IsolationLevel, PodNetwork } from './namespaces/sandbox.ts'
import type { RunEvent } from './run-events.ts'
import type { StateFolder } from './state-folder.ts'

export type { JobCondition } from './controller/job-state.ts'
export type { PodResult } from './kubelet/events.ts'
export { readManifest } from './manifest/read.ts'
export { selectJobs } from './manifest/select.ts'
export { isOwnerAlive, markOf } from './owner.ts'
export { describeEvent } from './run-events.ts'
export { openStateFolder, stateFolderPath } from './state-folder.ts'
export type { JobResult, LocalCommand, PrivateBind, RunEvent }

export interface MachineOptions {
  readonly state: StateFolder
  /** Files and folders that no container may see, the state folder aside, which none sees: secrets, policies. */
  readonly masked: readonly string[]
  /** `host`: Pods use this machine's network, one at a time. Default `pod`: a loopback of their own. */
  readonly network?: PodNetwork
  /** Take this level of isolation or none at all. Default: the strongest that works here. */
  readonly isolation?: IsolationLevel
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
}

export interface JobRequest {
  /** As admission would leave it. */
  readonly job: Job
  readonly namespace: string
  readonly namespaceLabels: Labels
  readonly configMaps: readonly KeyedData[]
  readonly secrets: readonly KeyedData[]
  /** What containers without a local image run, by container name. */
  readonly commands?: Readonly<Record<string, LocalCommand>>
  readonly privateBinds?: readonly PrivateBind[]
  /** Variables of every container; those of the manifest win. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where a container without a `workingDir` starts: here no image names one. Default `/`. */
  readonly workingDir?: string
  /** Signs the content of a Pod token: the file a projected service-account token is written to. */
  readonly issuePodToken: (content: LocalPodToken) => string | Promise<string>
  /** Between failed Pods. Default 500 ms doubling up to 30 s, so that a try-out is short; Kubernetes: 10 s to 10 min. */
  readonly backOff?: BackOff
  /** Before the second restart in place of a container; doubles. Default 500 ms; Kubernetes: 10 s. */
  readonly restartBaseMs?: number
  readonly onEvent: (event: RunEvent) => void
  /** Ends everything that was started. */
  readonly signal: AbortSignal
}

export type JobStart =
  | { readonly kind: 'started'; readonly run: JobRun }
  /** Nothing was started. Each problem names the field. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

/** Names a Pod: by its name, or by the completion index whose Pod runs now. */
export type PodChoice = { readonly pod: string } | { readonly index: number }

/** A Job under way. */
export interface JobRun {
  readonly name: string
  readonly uid: string
  /** Folder of its Pods' logs: `<pod>/<container>.log`. */
  readonly logFolder: string
  readonly result: Promise<JobResult>
  /** SIGKILL to a container's PID 1, as a crash or the OOM killer does. False when it does not run. */
  killContainer(choice: PodChoice & { readonly container: string }): boolean
  /** SIGKILL to all containers of a Pod at once, as the loss of its node does. False when it does not run. */
  killPod(choice: PodChoice): boolean
  /** Deletes a Pod: SIGTERM, grace period, SIGKILL. False when it does not run. */
  deletePod(choice: PodChoice): boolean
}

export interface Machine {
  readonly isolation: Isolation
  startJob(request: JobRequest): JobStart
}

export type MachineOpening =
  | { readonly kind: 'open'; readonly machine: Machine }
  | { readonly kind: 'refused'; readonly problem: string }

const DEFAULT_BACK_OFF: BackOff = { baseMs: 500, maxMs: 30_000 }
const DEFAULT_RESTART_BASE_MS = 500

/** Finds out how Pods can be kept apart on this machine. */
export async function openMachine(options: MachineOptions): Promise<MachineOpening> {
  const choice = await chooseIsolation({
    stateFolder: options.state.path,
    masked: options.masked,
    network: options.network ?? 'pod',
    ...(options.isolation === undefined ? {} : { forced: options.isolation }),
  })
  if (choice.kind === 'refused') return choice
  const { isolation } = choice
  return { kind: 'open', machine: { isolation, startJob: (request) => startJob(request, { isolation, options }) } }
}

interface Setting {
  readonly isolation: Isolation
  readonly options: MachineOptions
}

function startJob(request: JobRequest, setting: Setting): JobStart {
  const { job, namespace } = request
  const { problems } = checkJob(job, new Set(Object.keys(request.commands ?? {})))
  if (problems.length > 0) return { kind: 'refused', problems }
  const running = nameJob(job, namespace, setting.options.random)
  const local = {
    data: { configMaps: request.configMaps, secrets: request.secrets },
    commands: request.commands ?? {},
    privateBinds: request.privateBinds ?? [],
    environment: request.environment ?? {},
    workingDir: request.workingDir ?? '/',
  }
  const missing = missingReferences(running, { local, random: setting.options.random })
  if (missing.length > 0) return { kind: 'refused', problems: missing }
  return { kind: 'started', run: runPods(request, { ...setting, running, local }) }
}

/** What a cluster would keep a Pod waiting for, for ever. Looked for in a Pod that is made and thrown away. */
function missingReferences(running: RunningJob, from: { local: LocalPods; random: Random }): string[] {
  const pod = makePod(running, running.job.spec.completionMode === 'Indexed' ? 0 : null, from.random)
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
  const fromEnvironment = containers.flatMap((one) => buildEnvironment(one, pod, from.local.data).problems)
  return [...fromEnvironment, ...describeVolumes(pod, from.local.data).problems]
}

function runPods(request: JobRequest, setting: Setting & { running: RunningJob; local: LocalPods }): JobRun {
  const { isolation, options, running, local } = setting
  const { clock, timers, random, state } = options
  const logFolder = join(state.logs, running.name)
  const pods = new Map<string, PodRunner>()
  const find = (choice: PodChoice) =>
    'pod' in choice ? pods.get(choice.pod) : [...pods.values()].find(({ pod }) => pod.index === choice.index)

  const startPod = (pod: Pod, onRestart: (restarts: number) => void): PodRunner => {
    const about = { pod: pod.name, index: pod.index }
    request.onEvent({ type: 'pod-started', ...about })
    const runner = new PodRunner(pod, {
      ...{ isolation, local, clock, timers, onRestart },
      podFolder: join(state.pods, pod.uid),
      logFolder: join(logFolder, pod.name),
      restartBaseMs: request.restartBaseMs ?? DEFAULT_RESTART_BASE_MS,
      issueToken: (owner, audience, expiresAtMs) =>
        request.issuePodToken(tokenContent(owner, { request, running, audience, expiresAtMs })),
      emit: (event) => request.onEvent({ ...event, ...about }),
    })
    pods.set(pod.name, runner)
    return runner
  }
  const controller = new JobRunner({
    ...{ running, clock, timers, random, startPod },
    backOff: request.backOff ?? DEFAULT_BACK_OFF,
    mostPodsAtOnce: isolation.isOnePodAtATime ? 1 : Number.POSITIVE_INFINITY,
    signal: request.signal,
    onPodEnded: (pod, result) => {
      pods.delete(pod.name)
      request.onEvent({ type: 'pod-ended', pod: pod.name, index: pod.index, result })
    },
  })
  request.onEvent({ type: 'job-started', job: running.name, uid: running.uid })
  const result = controller.run().then((ended) => {
    const { condition, succeeded, failed } = ended
    request.onEvent({ type: 'job-ended', job: running.name, condition, succeeded, failed })
    return ended
  })
  return {
    ...{ name: running.name, uid: running.uid, logFolder, result },
    killContainer: (choice) => find(choice)?.crash(choice.container) ?? false,
    killPod: (choice) => {
      const runner = find(choice)
      runner?.kill()
      return runner !== undefined
    },
    deletePod: (choice) => controller.deletePod(find(choice)?.pod.name ?? ''),
  }
}

/** What the platform vouches for of a Pod, as a cluster's TokenReview and Pod would say it. */
function tokenContent(
  pod: Pod,
  about: { request: JobRequest; running: RunningJob; audience: string; expiresAtMs: number },
): LocalPodToken {
  const { request, running, audience, expiresAtMs } = about
  const limits = limitsOf(running.job)
  return {
    audience,
    expiresAtMs,
    facts: {
      namespace: running.namespace,
      namespaceLabels: request.namespaceLabels,
      pod: {
        name: pod.name,
        uid: asPodUid(pod.uid),
        index: pod.index,
        isEnding: false,
        templateAnnotations: running.job.spec.template.metadata?.annotations ?? {},
      },
      job: {
        name: running.name,
        uid: asJobUid(running.uid),
        labels: running.job.metadata.labels ?? {},
        completionMode: limits.isIndexed ? 'Indexed' : 'NonIndexed',
        completions: limits.completions,
        isEnded: false,
      },
    },
  }
}
