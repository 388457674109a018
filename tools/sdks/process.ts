import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export interface Process {
  readonly input: Writable
  readonly output: Readable
  /** The last of what it said, on both outputs. */
  log(): string
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>
  end(signal: NodeJS.Signals): Promise<number | null>
}

const running = new Set<ChildProcess>()
const KEPT_CHARS = 8_000

/** `env` stands beside PATH alone: a program sees nothing of whoever runs the tests. */
export function start(
  [command = '', ...args]: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Process {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  running.add(child)
  let log = ''
  // Read to the end whoever else listens: a full pipe would stop it.
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-KEPT_CHARS)
    })
  }
  child.stdin.on('error', () => {
    // It ended before it read its input; its exit code says so.
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return {
    input: child.stdin,
    output: child.stdout,
    log: () => log,
    ended,
    end(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Ends what still runs. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
