import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf, isRunning, signalProcess } from './linux-sandbox.ts'
import {
  type ContainerMount,
  type ContainerProcess,
  type ContainerStart,
  ContainerStartFault,
  type Sandbox,
  type SandboxRequest,
} from './sandbox.ts'

/**
 * Containers as plain processes of this machine, each with a process group of its own. Nothing is mounted: where a
 * command, an argument or a variable names a mount's path, it is given the real folder instead.
 */
export function openProcessSandbox(pod: SandboxRequest): Sandbox {
  const volumes = join(pod.folder, 'volumes')
  mkdirSync(volumes)
  return {
    volumesFolder: volumes,
    volumesSource: volumes,
    start: startProcess,
    close: () => Promise.resolve(),
  }
}

function startProcess(container: ContainerStart): Promise<ContainerProcess> {
  const rename = renamePaths(container.mounts)
  const environment = Object.fromEntries(
    Object.entries(container.environment).map(([name, value]) => [name, rename(value)]),
  )
  const workingDir = rename(container.workingDir)
  const run = (command: readonly string[]) => {
    const [program, ...args] = command.map(rename)
    return spawn(program ?? '', args, {
      cwd: workingDir,
      env: environment,
      detached: true,
      stdio: ['ignore', container.outputFd, container.outputFd],
    })
  }
  const child = run(container.command)
  // Whatever is left of the group when its first process has ended goes with it.
  const dismissWatcher = watchGroup(child.pid)
  const exitCode = exitCodeOf(child).then((code) => {
    signalGroup(child.pid, 'SIGKILL')
    dismissWatcher()
    return code
  })
  return new Promise((resolve, reject) => {
    child.once('error', (fault) => reject(new ContainerStartFault(fault.message)))
    child.once('spawn', () =>
      resolve({
        pid: child.pid ?? 0,
        exitCode,
        signal: (signal) => {
          if (!isRunning(child)) return
          if (signal === 'SIGKILL') signalGroup(child.pid, signal)
          else signalProcess(child.pid ?? 0, signal)
        },
        exec: (command) => exitCodeOf(run(command)),
      }),
    )
  })
}

/**
 * A shell that kills the group when this process is gone, however it ended: it then reads the end of its input. Returns
 * what ends it without a kill.
 */
function watchGroup(leader: number | undefined): () => void {
  if (leader === undefined) return () => {}
  const watcher = spawn('/bin/sh', ['-c', 'read -r over || kill -s KILL -- "-$1"', 'sh', String(leader)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => {})
  watcher.stdin.on('error', () => {})
  watcher.unref()
  return () => watcher.stdin.end('over\n')
}

function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader !== undefined) signalProcess(-leader, signal)
}

/** Longer paths first, so that a mount within a mount is found before the outer one. */
export function renamePaths(mounts: readonly ContainerMount[]): (text: string) => string {
  const renamed = mounts
    .filter((mount) => mount.kind === 'bind' || mount.kind === 'readonly')
    .sort((a, b) => b.target.length - a.target.length)
  return (text) =>
    renamed.reduce((result, { source, target }) => {
      const path = target.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return result.replaceAll(new RegExp(`(?<![\\w/.-])${path}(?![\\w.-])`, 'g'), () => source)
    }, text)
}
