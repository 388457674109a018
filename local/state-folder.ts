import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Environment } from '../runtime/environment.ts'
import { isOwnerAlive, markOf } from './owner.ts'

/** Where local runs keep what they need, readable by the person alone. */
export interface StateFolder {
  readonly path: string
  /** Files of the Pods of this process; gone when they end. */
  readonly pods: string
  /** Logs, kept: `<job>/<pod>/<container>.log`. */
  readonly logs: string
}

/** `--state DIR`, else `$XDG_STATE_HOME/jobcap`, else `~/.local/state/jobcap`. */
export function stateFolderPath(asked: string | undefined, environment: Environment): string {
  if (asked !== undefined) return resolve(asked)
  const base = environment['XDG_STATE_HOME']
  if (base !== undefined && base.startsWith('/')) return join(base, 'jobcap')
  return join(environment['HOME'] ?? '/root', '.local', 'state', 'jobcap')
}

/** Makes the folder, mode 0700, and removes what runs that were killed have left of their Pods. */
export function openStateFolder(path: string): StateFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
  const allPods = join(path, 'pods')
  mkdirSync(allPods, { recursive: true })
  for (const owner of readdirSync(allPods)) {
    if (!isOwnerAlive(owner)) rmSync(join(allPods, owner), { recursive: true, force: true })
  }
  const pods = join(allPods, markOf(process.pid) ?? '')
  const logs = join(path, 'logs')
  mkdirSync(pods, { recursive: true })
  mkdirSync(logs, { recursive: true })
  return { path, pods, logs }
}
