import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../runtime/clock.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { Container } from '../manifest/objects.ts'
import type { ContainerMount, ContainerProcess, Sandbox } from '../namespaces/sandbox.ts'
import { ContainerStartFault } from '../namespaces/sandbox.ts'
import { restartDelayMs } from './back-off.ts'
import type { ContainerStatus, PodEvent } from './events.ts'
import { openOutput } from './output.ts'

export interface ContainerPlan {
  readonly container: Container
  readonly isInit: boolean
  readonly command: readonly string[]
  readonly workingDir: string
  readonly environment: Readonly<Record<string, string>>
  /** All that it has mounted, its termination message's file included. */
  readonly mounts: readonly ContainerMount[]
  /** Host path of the file that takes its termination message. */
  readonly messagePath: string
  /** Runs inside once it has started; the container counts as started when the hook is done. */
  readonly postStart?: readonly string[]
}

export interface ContainerSurroundings {
  readonly sandbox: Sandbox
  readonly podFolder: string
  readonly logFolder: string
  readonly clock: Clock
  readonly timers: Timers
  /** Delay before the second restart; doubles with each one after. */
  readonly restartBaseMs: number
  readonly emit: (event: PodEvent) => void
  readonly onRestart: () => void
}

/** As the kubelet cuts it. */
const TERMINATION_MESSAGE_BYTES = 4096
/** What a container runtime says of a command that could not be started. */
const START_ERROR_CODE = 128
/** Last lines of a log that may stand in for a termination message. */
const FALLBACK_LOG_LINES = 80

/** `never`, `on-failure` as the Pod says it; `always` for native sidecars. */
export type RestartRule = 'never' | 'on-failure' | 'always'

/** One container of one Pod, through its restarts. */
export class ContainerRunner {
  readonly plan: ContainerPlan
  /** Resolves when the container runs for the first time and its `postStart` hook is done, or has ended for good. */
  readonly started: Promise<void>
  readonly #around: ContainerSurroundings
  readonly #noMore = new AbortController()
  readonly #lastLines: string[] = []
  #process: ContainerProcess | undefined
  #restarts = 0
  #signalled: 'SIGTERM' | 'SIGKILL' | undefined
  #markStarted: () => void = () => {}
  #hasStarted = false

  constructor(plan: ContainerPlan, around: ContainerSurroundings) {
    this.plan = plan
    this.#around = around
    this.started = new Promise((resolve) => {
      this.#markStarted = () => {
        this.#hasStarted = true
        resolve()
      }
    })
  }

  get name(): string {
    return this.plan.container.name
  }

  /** Whether it has run, and its `postStart` hook is done. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** PID 1 while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Runs until the rule lets it end. Call once. */
  async run(rule: RestartRule): Promise<ContainerStatus> {
    for (;;) {
      const ended = await this.#runOnce()
      const isDone = rule === 'never' || (rule === 'on-failure' && ended.exitCode === 0)
      if (isDone || this.#noMore.signal.aborted) return this.#finish(ended)
      try {
        await this.#around.timers.sleep(restartDelayMs(this.#restarts, this.#around.restartBaseMs), this.#noMore.signal)
      } catch {
        return this.#finish(ended)
      }
      this.#restarts += 1
      this.#around.onRestart()
    }
  }

  /** No restart from now on; the signal goes to PID 1 if there is one, or as soon as there is. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#signalled = signal
    this.#noMore.abort()
    this.#process?.signal(signal)
  }

  /** As a crash would: restarts follow if the rule says so. False when nothing ran. */
  crash(): boolean {
    this.#process?.signal('SIGKILL')
    return this.#process !== undefined
  }

  #finish(ended: ContainerStatus): ContainerStatus {
    this.#markStarted()
    return ended
  }

  async #runOnce(): Promise<ContainerStatus> {
    const { messagePath } = this.plan
    writeFileSync(messagePath, '')
    chmodSync(messagePath, 0o666)
    const exitCode = await this.#runProcess()
    const status = {
      name: this.name,
      isInit: this.plan.isInit,
      exitCode,
      restarts: this.#restarts,
      message: this.#terminationMessage(messagePath, exitCode),
    }
    this.#around.emit({ type: 'container-ended', container: this.name, exitCode, message: status.message })
    return status
  }

  async #runProcess(): Promise<number> {
    const { sandbox, podFolder, logFolder, clock, emit } = this.#around
    const pipePath = join(podFolder, `output-${this.name}`)
    const onNote = (text: string) => emit({ type: 'note', container: this.name, text })
    const onLine = (line: string) => {
      this.#lastLines.push(line)
      if (this.#lastLines.length > FALLBACK_LOG_LINES) this.#lastLines.shift()
      emit({ type: 'log', container: this.name, line })
    }
    const output = openOutput(pipePath, join(logFolder, `${this.name}.log`), { onLine, onNote })
    const beganMs = clock.monotonicMs()
    try {
      this.#process = await sandbox.start({
        name: this.name,
        command: this.plan.command,
        environment: this.plan.environment,
        workingDir: this.plan.workingDir,
        mounts: this.plan.mounts,
        outputFd: output.fd,
        onNote,
      })
    } catch (fault) {
      output.release()
      await output.ended
      if (!(fault instanceof ContainerStartFault)) throw fault
      onNote(`could not be started: ${fault.message}`)
      return START_ERROR_CODE
    }
    const process = this.#process
    emit({ type: 'container-started', container: this.name, pid: process.pid, startMs: clock.monotonicMs() - beganMs })
    if (this.#signalled !== undefined) process.signal(this.#signalled)
    await this.#afterStart(process)
    const exitCode = await process.exitCode
    this.#process = undefined
    output.release()
    await output.ended
    return exitCode
  }

  /** A hook that fails ends its container, as in a cluster. */
  async #afterStart(process: ContainerProcess): Promise<void> {
    const hook = this.plan.postStart
    if (hook !== undefined) {
      const code = await Promise.race([process.exec(hook), process.exitCode.then(() => undefined)])
      if (code !== undefined && code !== 0) {
        this.#around.emit({ type: 'note', container: this.name, text: `its postStart hook failed with ${code}` })
        process.signal('SIGKILL')
        return
      }
      if (code === undefined) return
    }
    this.#markStarted()
  }

  #terminationMessage(path: string, exitCode: number): string {
    const written = readFileSync(path).subarray(0, TERMINATION_MESSAGE_BYTES).toString('utf8')
    const mayFallBack = this.plan.container.terminationMessagePolicy === 'FallbackToLogsOnError'
    if (written !== '' || exitCode === 0 || !mayFallBack) return written
    return Buffer.from(this.#lastLines.map((line) => `${line}\n`).join(''))
      .subarray(-2048)
      .toString('utf8')
  }
}
