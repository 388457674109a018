import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export interface Process {
  readonly input: Writable
  readonly output: Readable
  /** All that it said on standard error. */
  log(): string
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>
  end(signal: NodeJS.Signals): Promise<number | null>
}

const running = new Set<ChildProcess>()

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
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
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
