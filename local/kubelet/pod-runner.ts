import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../runtime/clock.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { Pod } from '../controller/pod-object.ts'
import type { Container } from '../manifest/objects.ts'
import type { Isolation, Sandbox } from '../namespaces/sandbox.ts'
import { type LocalPods, type PlanPlace, planContainer, volumeFolders } from './container-plan.ts'
import { ContainerRunner } from './container-runner.ts'
import type { ContainerStatus, PodEvent, PodResult } from './events.ts'
import { hostsFile } from './hosts-file.ts'
import { describeVolumes, type TokenFile, type VolumeContent, writeVolumeFile } from './volumes.ts'

export interface PodSurroundings {
  readonly isolation: Isolation
  readonly local: LocalPods
  /** Folder for the Pod's files; made, and removed when the Pod has ended. */
  readonly podFolder: string
  /** Folder for its containers' logs; stays. */
  readonly logFolder: string
  readonly clock: Clock
  readonly timers: Timers
  readonly restartBaseMs: number
  readonly issueToken: (pod: Pod, audience: string, expiresAtMs: number) => string | Promise<string>
  readonly emit: (event: PodEvent) => void
  /** Called after each restart in place, with how many the Pod has had. */
  readonly onRestart: (restarts: number) => void
}

const DEFAULT_GRACE_SECONDS = 30
/** The kubelet gives each container this much after its SIGTERM, however little is left of the grace period. */
const LEAST_GRACE_MS = 2_000
/** The kubelet renews a projected token when four fifths of its life are over. */
const TOKEN_RENEWAL_SHARE = 0.8

/** One Pod from its first init container to the last sidecar's end. */
export class PodRunner {
  readonly pod: Pod
  readonly result: Promise<PodResult>
  readonly #around: PodSurroundings
  readonly #runners: ContainerRunner[] = []
  readonly #cancels: (() => void)[] = []
  readonly #stopRequested: Promise<void>
  #requestStop: () => void = () => {}
  #ending: 'no' | 'stopping' | 'killed' = 'no'
  /** Monotonic; null until something is being ended. */
  #graceEndsAtMs: number | null = null
  #restarts = 0

  constructor(pod: Pod, around: PodSurroundings) {
    this.pod = pod
    this.#around = around
    this.#stopRequested = new Promise((resolve) => {
      this.#requestStop = resolve
    })
    this.result = this.#run()
  }

  /** Deletes the Pod as `kubectl delete` does: SIGTERM, the grace period, SIGKILL. Sidecars follow the app. */
  stop(): void {
    if (this.#ending !== 'no') return
    this.#ending = 'stopping'
    this.#requestStop()
    const others = this.#runners.filter(({ plan }) => !isSidecar(plan.container))
    this.#cancels.push(...others.map((runner) => this.#endInGrace(runner, 'SIGTERM')))
  }

  /** Ends the Pod as the loss of its node does: SIGKILL to all containers at once. */
  kill(): void {
    this.#ending = 'killed'
    this.#requestStop()
    for (const runner of this.#runners) runner.stop('SIGKILL')
  }

  /** SIGKILL to a container's PID 1, as a crash or the OOM killer does. False when it does not run. */
  crash(container: string): boolean {
    return this.#runners.some((runner) => runner.name === container && runner.crash())
  }

  async #run(): Promise<PodResult> {
    const { isolation, podFolder, logFolder } = this.#around
    mkdirSync(podFolder, { recursive: true, mode: 0o700 })
    mkdirSync(logFolder, { recursive: true, mode: 0o700 })
    const sandbox = await isolation.openSandbox({ hostName: this.pod.hostName, folder: podFolder })
    try {
      const hostsPath = join(podFolder, 'hosts')
      writeFileSync(hostsPath, hostsFile(this.pod.hostName, this.pod.spec.hostAliases))
      chmodSync(hostsPath, 0o644)
      const place = { pod: this.pod, sandbox, podFolder, hostsPath }
      await this.#fillVolumes(place)
      return await this.#runContainers(place)
    } finally {
      for (const cancel of this.#cancels) cancel()
      await sandbox.close()
      rmSync(podFolder, { recursive: true, force: true })
    }
  }

  async #fillVolumes(place: PlanPlace): Promise<void> {
    const { volumes } = describeVolumes(this.pod, this.#around.local.data)
    for (const volume of volumes) {
      const { written } = volumeFolders(volume.name, place, volume.isMemory)
      mkdirSync(written, { recursive: true })
      chmodSync(written, 0o777)
      for (const file of volume.files) writeVolumeFile(written, file)
      for (const token of volume.tokens) await this.#writeToken(token, { place, volume })
    }
  }

  async #writeToken(token: TokenFile, into: { place: PlanPlace; volume: VolumeContent }): Promise<void> {
    const { clock, timers, issueToken } = this.#around
    const lifetimeMs = token.lifetimeSeconds * 1000
    const text = await issueToken(this.pod, token.audience, clock.nowMs() + lifetimeMs)
    const { written } = volumeFolders(into.volume.name, into.place, true)
    writeVolumeFile(written, { path: token.path, content: Buffer.from(text), mode: token.mode })
    const renew = () => {
      this.#writeToken(token, into).catch((fault: unknown) => {
        this.#around.emit({ type: 'note', container: '', text: `the Pod token could not be renewed: ${String(fault)}` })
      })
    }
    this.#cancels.push(timers.after(lifetimeMs * TOKEN_RENEWAL_SHARE, renew))
  }

  async #runContainers(place: PlanPlace): Promise<PodResult> {
    const { initContainers = [], containers } = this.pod.spec
    const sidecars: { runner: ContainerRunner; done: Promise<ContainerStatus> }[] = []
    const statuses: ContainerStatus[] = []
    for (const container of initContainers) {
      if (this.#ending !== 'no') break
      const runner = this.#add(container, place)
      if (isSidecar(container)) {
        sidecars.push({ runner, done: runner.run('always') })
        await Promise.race([runner.started, this.#stopRequested])
        continue
      }
      const status = await runner.run(this.#restartRule())
      statuses.push(status)
      if (status.exitCode !== 0) break
    }
    const isInitialised = this.#ending === 'no' && statuses.every(({ exitCode }) => exitCode === 0)
    if (isInitialised) statuses.push(...(await this.#runApps(containers, place)))
    const sidecarStatuses = await this.#endSidecars(sidecars)
    const apps = statuses.filter(({ isInit }) => !isInit)
    const hasSucceeded = apps.length === containers.length && apps.every(({ exitCode }) => exitCode === 0)
    const all = [...statuses, ...sidecarStatuses]
    const order = [...initContainers, ...containers].map(({ name }) => name)
    return {
      phase: hasSucceeded ? 'Succeeded' : 'Failed',
      containers: all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    }
  }

  async #runApps(containers: readonly Container[], place: PlanPlace): Promise<ContainerStatus[]> {
    const running: Promise<ContainerStatus>[] = []
    for (const container of containers) {
      if (this.#ending !== 'no') break
      const runner = this.#add(container, place)
      running.push(runner.run(this.#restartRule()))
      // One after the other, as the kubelet does; only a hook makes the next one wait.
      await Promise.race([runner.started, this.#stopRequested])
    }
    return Promise.all(running)
  }

  /**
   * In reverse order, each once the one started after it is gone. One that is still starting has served nobody, and as
   * PID 1 it would lose a SIGTERM that comes before its handler is there.
   */
  async #endSidecars(
    sidecars: readonly { runner: ContainerRunner; done: Promise<ContainerStatus> }[],
  ): Promise<ContainerStatus[]> {
    const statuses: ContainerStatus[] = []
    for (const { runner, done } of [...sidecars].reverse()) {
      const isTold = this.#ending !== 'killed' && runner.hasStarted
      const cancel = this.#endInGrace(runner, isTold ? 'SIGTERM' : 'SIGKILL')
      statuses.push(await done)
      cancel()
    }
    return statuses
  }

  /** The signal now, and SIGKILL when the Pod's one grace period is over. Returns what calls the latter off. */
  #endInGrace(runner: ContainerRunner, signal: 'SIGTERM' | 'SIGKILL'): () => void {
    const { clock, timers } = this.#around
    const nowMs = clock.monotonicMs()
    this.#graceEndsAtMs ??= nowMs + this.#graceMs()
    runner.stop(signal)
    return timers.after(Math.max(this.#graceEndsAtMs - nowMs, LEAST_GRACE_MS), () => runner.stop('SIGKILL'))
  }

  #add(container: Container, place: PlanPlace): ContainerRunner {
    const isInit = this.pod.spec.initContainers?.includes(container) ?? false
    const plan = planContainer(container, isInit, { local: this.#around.local, place })
    const { podFolder, logFolder, clock, timers, restartBaseMs, emit } = this.#around
    const sandbox: Sandbox = place.sandbox
    const runner = new ContainerRunner(plan, {
      ...{ sandbox, podFolder, logFolder, clock, timers, restartBaseMs, emit },
      onRestart: () => {
        this.#restarts += 1
        this.#around.onRestart(this.#restarts)
      },
    })
    this.#runners.push(runner)
    return runner
  }

  #restartRule(): 'never' | 'on-failure' {
    return this.pod.spec.restartPolicy === 'OnFailure' ? 'on-failure' : 'never'
  }

  #graceMs(): number {
    return (this.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000
  }
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}
