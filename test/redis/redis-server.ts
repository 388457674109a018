import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Context } from 'mocha'
import { freePort } from '../../tools/scene/free-port.ts'
import { skip } from '../../tools/test/skip.ts'

/** Set-up puts it there, whatever the system calls it. */
const BINARY = '.tools/bin/redis-server'

/** Why no Redis can be started here; undefined where one can. */
export function whyNoRedis(): string | undefined {
  if (existsSync(BINARY)) return undefined
  return 'there is no redis-server: install Debian’s redis-tools (or any Redis 7.0 or newer), then make setup'
}

/** A test with a Redis is skipped where none can be started. */
export function needsRedis(test: Context): void {
  const reason = whyNoRedis()
  if (reason !== undefined) skip(test, reason)
}

export interface RedisOptions {
  /** Further settings, for example `{ maxmemory: '4mb' }`. Unless said: AOF, fsynced always, no eviction. */
  readonly settings?: Readonly<Record<string, string>>
  /** Keeps its data in this folder, which is then not removed. Default: a folder of its own. */
  readonly folder?: string
  /** Default: one that the kernel says is free. */
  readonly port?: number
}

/** A real Redis, on loopback, in a folder of its own. */
export interface RedisServer {
  readonly host: '127.0.0.1'
  readonly port: number
  /** For `jobcap ledger --store`. */
  readonly url: string
  readonly folder: string
  readonly pid: number
  /** SIGKILL, and its end awaited. The data stay. */
  kill(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  freeze(): void
  thaw(): void
  /** Starts again on the same port and data, after `kill`. Resolves when it serves. */
  restart(): Promise<void>
  /** Ends it and removes its folder. Harmless twice. */
  stop(): Promise<void>
}

const USUAL = { appendonly: 'yes', appendfsync: 'always', save: '', 'maxmemory-policy': 'noeviction' }

/** Resolves when it accepts connections; rejects with what it said when it ends before. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'redis-'))
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort())
    const settings = { ...USUAL, ...options.settings, port: String(port), dir: folder }
    try {
      const child = await launch(settings)
      return serverOf({ child, settings, port, folder, isOwnFolder: options.folder === undefined })
    } catch (fault) {
      // Between our asking and its binding, another process may have taken the port.
      if (options.port !== undefined || tries >= 5 || !String(fault).includes('Address already in use')) throw fault
    }
  }
}

/** One process of Redis' own binary; resolves at its line `awaited`. */
export async function launch(
  settings: Readonly<Record<string, string>>,
  { files = [], awaited = 'Ready to accept connections' }: { files?: readonly string[]; awaited?: string } = {},
): Promise<ChildProcess> {
  const reason = whyNoRedis()
  if (reason !== undefined) throw new Error(reason)
  const flags = Object.entries({ bind: '127.0.0.1', ...settings }).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(BINARY, [...files, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>()
  child.once('exit', (code, signal) => reject(new Error(`redis-server ended (${code ?? signal}): ${said.join('\n')}`)))
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      said.push(line)
      if (line.includes(awaited)) resolve(child)
    })
  }
  return promise
}

/** Sends the signal unless it has ended, and waits for its end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  if (signal !== 'SIGKILL') child.kill('SIGCONT')
  await ended
}

interface Parts {
  child: ChildProcess
  readonly settings: Readonly<Record<string, string>>
  readonly port: number
  readonly folder: string
  readonly isOwnFolder: boolean
}

function serverOf(parts: Parts): RedisServer {
  const { port, folder, settings, isOwnFolder } = parts
  return {
    host: '127.0.0.1',
    port,
    folder,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return parts.child.pid ?? 0
    },
    kill: () => end(parts.child),
    freeze: () => void parts.child.kill('SIGSTOP'),
    thaw: () => void parts.child.kill('SIGCONT'),
    async restart() {
      await end(parts.child)
      parts.child = await launch(settings)
    },
    async stop() {
      await end(parts.child)
      if (isOwnFolder) rmSync(folder, { recursive: true, force: true })
    },
  }
}
