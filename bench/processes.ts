import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const START_LIMIT_MS = 60_000
/** Linux counts a process's time in these, whatever the machine: sysconf(_SC_CLK_TCK). */
const TICKS_A_SECOND = 100

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** One process that the bench started. */
export interface Part {
  readonly name: string
  readonly pid: number
  /** User and system time of all its threads, since its start. */
  cpuSeconds(): number
  residentMib(): number
  /** What it printed on standard output so far. */
  output(): string
  readonly ended: Promise<number | null>
}

/** Everything that the bench started, so that nothing stays behind. */
export class Processes {
  readonly #folder: string
  readonly #running = new Set<ChildProcess>()

  /** `folder` takes their standard errors, a file each. */
  constructor(folder: string) {
    this.#folder = folder
  }

  start({ name, command, args, env, cwd }: Program): Part {
    const errors = openSync(join(this.#folder, `${name}.err`), 'a')
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', errors],
      env: { PATH: process.env['PATH'], ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    closeSync(errors)
    this.#running.add(child)
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-10_000)
    })
    const ended = Promise.race([
      once(child, 'close').then(([code]) => code as number | null),
      once(child, 'error').then(([fault]) => {
        throw fault
      }),
    ])
    ended.catch(() => {}).finally(() => this.#running.delete(child))
    const pid = child.pid ?? 0
    return {
      ...{ name, pid, ended },
      cpuSeconds: () => cpuSecondsOf(pid),
      residentMib: () => residentMibOf(pid),
      output: () => text,
    }
  }

  /** Resolves when something accepts connections at `port`; throws with the process's errors when it ends before. */
  async untilOpen(part: Part, port: number): Promise<void> {
    await this.until(part, () => isOpen(port))
  }

  /** Looks every millisecond: nothing outside tells us. */
  async until(part: Part, test: () => boolean | Promise<boolean>): Promise<void> {
    const ended = part.ended.then(
      () => true,
      () => true,
    )
    for (const untilMs = performance.now() + START_LIMIT_MS; !(await test()); ) {
      const hasEnded = await Promise.race([ended, sleep(1, false)])
      if (hasEnded || performance.now() > untilMs) {
        throw new Error(`bench: ${part.name} did not start:\n${part.output()}${this.errorsOf(part)}`)
      }
    }
  }

  errorsOf({ name }: Part): string {
    return readFileSync(join(this.#folder, `${name}.err`), 'utf8').slice(-4_000)
  }

  end(part: Part): void {
    for (const child of this.#running) if (child.pid === part.pid) child.kill('SIGKILL')
  }

  endAll(): void {
    for (const child of this.#running) child.kill('SIGKILL')
  }
}

/** Fields 14 and 15 of /proc/PID/stat (proc(5)); the name before them may hold anything. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

function residentMibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}

export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
