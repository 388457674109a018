import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type {
  ContainerMount,
  ContainerProcess,
  ContainerStart,
  PodNetwork,
  Sandbox,
  SandboxRequest,
} from './sandbox.ts'
import { ContainerStartFault } from './sandbox.ts'
import { toShellEnvironment } from './shell-text.ts'

/** How a container's root is made: see container.sh. */
export type RootKind = 'overlay' | 'bind' | 'readonly'

export interface LinuxSandboxOptions {
  readonly isUserNamespace: boolean
  readonly rootKind: RootKind
  readonly network: PodNetwork
  /** Mounts of every container, made before its own. */
  readonly baseMounts: readonly ContainerMount[]
}

const script = (name: string) => fileURLToPath(new URL(`scripts/${name}`, import.meta.url))

/**
 * Our own scripts see none of a container's environment. They have a session of their own, so that Ctrl-C at the
 * terminal reaches this process alone, which then ends containers in order.
 */
const OUR_SCRIPTS = {
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  cwd: '/',
  detached: true,
}

/** Started so, a process ends with this one, even by SIGKILL. */
const TIED_TO_US = ['--pdeathsig', 'KILL', '--']

/** Opens the namespaces of one Pod. They are held by a process that ends with us. */
export async function openLinuxSandbox(pod: SandboxRequest, options: LinuxSandboxOptions): Promise<Sandbox> {
  const volumes = join(pod.folder, 'volumes')
  mkdirSync(volumes)
  const unshare = [
    'unshare',
    ...(options.isUserNamespace ? ['--map-root-user'] : []),
    ...(options.network === 'pod' ? ['--net'] : []),
    ...['--mount', '--uts', '--propagation', 'private'],
  ]
  const holder = spawn(
    'setpriv',
    [...TIED_TO_US, ...unshare, 'sh', script('pod.sh'), pod.hostName, volumes, options.network],
    { ...OUR_SCRIPTS, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  await untilReady(holder)
  return new LinuxSandbox({ pod, options, holder, volumes })
}

function untilReady(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = ''
    holder.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    holder.stdout?.once('data', () => resolve())
    holder.once('error', (fault) => reject(new ContainerStartFault(fault.message)))
    holder.once('close', () => reject(new ContainerStartFault(errors.trim() || 'the sandbox ended at once')))
  })
}

class LinuxSandbox implements Sandbox {
  readonly volumesFolder: string
  readonly volumesSource: string
  readonly #holder: ChildProcess
  readonly #folder: string
  readonly #options: LinuxSandboxOptions
  #files = 0

  constructor(parts: { pod: SandboxRequest; options: LinuxSandboxOptions; holder: ChildProcess; volumes: string }) {
    this.#holder = parts.holder
    this.#folder = parts.pod.folder
    this.#options = parts.options
    this.volumesSource = parts.volumes
    // The volumes are a tmpfs in the Pod's mount namespace; this is the way in from outside.
    this.volumesFolder = `/proc/${parts.holder.pid}/root${parts.volumes}`
  }

  async start(container: ContainerStart): Promise<ContainerProcess> {
    this.#files += 1
    const scratch = join(this.#folder, `root-${this.#files}`)
    mkdirSync(scratch)
    const { assignments, prefix } = toShellEnvironment(container.environment)
    const mounts = [...this.#options.baseMounts, ...container.mounts]
    const environmentFd = this.#openUnseen(assignments)
    const mountsFd = this.#openUnseen(mounts.map((m) => `${m.kind}\t${m.source}\t${m.target}\n`).join(''))
    const child = spawn(
      'setpriv',
      [
        ...TIED_TO_US,
        ...this.#enter(this.#holder.pid ?? 0, ['--mount', '--net', '--uts']),
        ...['unshare', '--mount', '--ipc', '--pid', '--propagation', 'private'],
        ...[
          'sh',
          script('init.sh'),
          this.#options.rootKind,
          scratch,
          container.workingDir,
          ...prefix,
          ...container.command,
        ],
      ],
      {
        ...OUR_SCRIPTS,
        stdio: ['ignore', container.outputFd, container.outputFd, 'pipe', environmentFd, mountsFd],
      },
    )
    closeSync(environmentFd)
    closeSync(mountsFd)
    const exitCode = exitCodeOf(child)
    const pid = await untilStarted(child, container)
    return {
      pid,
      exitCode,
      signal: (signal) => {
        if (isRunning(child)) signalProcess(pid, signal)
      },
      exec: (command) => this.#exec(pid, container, command),
    }
  }

  #exec(pid: number, container: ContainerStart, command: readonly string[]): Promise<number> {
    const { assignments, prefix } = toShellEnvironment(container.environment)
    const environmentFd = this.#openUnseen(assignments)
    const text = readFileSync(script('exec.sh'), 'utf8')
    const child = spawn(
      'setpriv',
      [
        ...TIED_TO_US,
        ...this.#enter(pid, ['--mount', '--net', '--uts', '--ipc', '--pid']),
        ...['sh', '-c', text, 'exec.sh', container.workingDir, ...prefix, ...command],
      ],
      {
        ...OUR_SCRIPTS,
        stdio: ['ignore', container.outputFd, container.outputFd, 'ignore', environmentFd],
      },
    )
    closeSync(environmentFd)
    return exitCodeOf(child)
  }

  /** `--root`: a mount namespace is entered at its root, which is not that of a process started by chroot. */
  #enter(pid: number, namespaces: readonly string[]): string[] {
    const user = this.#options.isUserNamespace ? ['--user', '--preserve-credentials'] : []
    return ['nsenter', '--target', String(pid), ...user, ...namespaces, '--root', '--']
  }

  /** A file without a name, in the Pod's memory: readable by whoever is given the descriptor, and nobody else. */
  #openUnseen(text: string): number {
    this.#files += 1
    const path = join(this.volumesFolder, `.unseen-${this.#files}`)
    writeFileSync(path, text, { mode: 0o600 })
    const descriptor = openSync(path, 'r')
    unlinkSync(path)
    return descriptor
  }

  async close(): Promise<void> {
    if (!isRunning(this.#holder)) return
    const closed = new Promise<void>((resolve) => this.#holder.once('close', () => resolve()))
    this.#holder.stdin?.end()
    await closed
  }
}

/** Resolves to the PID of the container's first process once its command is about to take over. */
function untilStarted(child: ChildProcess, container: ContainerStart): Promise<number> {
  const reports = child.stdio[3]
  if (reports === null || reports === undefined || !('on' in reports)) throw new Error('descriptor 3 is not a pipe')
  return new Promise((resolve, reject) => {
    let pid = 0
    let failure = `${container.name}: its first process ended before the command could start`
    const lines = createInterface({ input: reports as NodeJS.ReadableStream })
    lines.on('line', (line) => {
      const [word, ...rest] = line.split(' ')
      if (word === 'pid') pid = Number(rest.join(' '))
      else if (word === 'note') container.onNote(rest.join(' '))
      else if (word === 'failed') failure = rest.join(' ')
      else if (word === 'ready') resolve(pid)
    })
    lines.once('close', () => reject(new ContainerStartFault(failure)))
    child.once('error', (fault) => reject(new ContainerStartFault(fault.message)))
  })
}

/** A shell's way to say it: the code, or 128 + the number of the signal. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}

/** A number is signalled only while its owner is known to live: it may be another's afterwards. */
export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault
  }
}
