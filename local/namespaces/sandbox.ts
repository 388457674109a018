/**
 * root: everything. user: what a user namespace allows. none: processes of this machine, one Pod at a time.
 * Which one is possible is found out by `chooseIsolation`.
 */
export type IsolationLevel = 'root' | 'user' | 'none'

/** `pod`: each Pod has its own loopback and nothing else. `host`: Pods share this machine's network, one at a time. */
export type PodNetwork = 'pod' | 'host'

/** How Pods are kept apart on this machine, as it was found. */
export interface Isolation {
  readonly level: IsolationLevel
  readonly network: PodNetwork
  /** How many Pods may run at once: more than one only where each has its own localhost. */
  readonly isOnePodAtATime: boolean
  /** A sentence for each thing that a cluster does and this level leaves out. */
  readonly leftOut: readonly string[]
  openSandbox(pod: SandboxRequest): Promise<Sandbox>
}

export interface SandboxRequest {
  readonly hostName: string
  /** Folder of this Pod in the state folder; exists, empty. */
  readonly folder: string
}

/** The namespaces that the containers of one Pod share, and the volumes that only they see. */
export interface Sandbox {
  /** Where this process writes the volumes' files. */
  readonly volumesFolder: string
  /** The same folder as `ContainerMount.source` names it. */
  readonly volumesSource: string
  start(container: ContainerStart): Promise<ContainerProcess>
  /** Kills nothing: containers end first. Gives back what the Pod held. */
  close(): Promise<void>
}

/** What each does is said in `scripts/container.sh`. */
export type MountKind = 'bind' | 'readonly' | 'mask' | 'empty' | 'overlay' | 'as-host' | 'readonly-root'

export interface ContainerMount {
  readonly kind: MountKind
  /** Path on the host, or under `volumesSource`. */
  readonly source: string
  /** Path in the container. */
  readonly target: string
}

export interface ContainerStart {
  readonly name: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Absolute; made when missing. */
  readonly workingDir: string
  readonly mounts: readonly ContainerMount[]
  /** Open file descriptor that takes standard output and standard error. */
  readonly outputFd: number
  /** Told what could not be done exactly as in a cluster. */
  readonly onNote: (text: string) => void
}

export interface ContainerProcess {
  /** The container's PID 1 as this machine counts. */
  readonly pid: number
  /** Resolves when the container and every process in it are gone. 128 + n where signal n ended it. */
  readonly exitCode: Promise<number>
  /** To PID 1 alone; gone is fine. SIGKILL takes the whole container. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void
  /** Runs a command inside; resolves to its exit code. */
  exec(command: readonly string[]): Promise<number>
}

/** The command that a container's log names when it could not be started. */
export class ContainerStartFault extends Error {}
