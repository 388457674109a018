import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

export interface ChildStart {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Given as standard input. Default: nothing. */
  readonly input?: string
  /** Start it as this user and group. */
  readonly uid?: number
}

const STOP_LIMIT_MS = 15_000

/** The processes that the demo started and that still run, so that none outlives it. */
export class Children {
  readonly #running = new Map<ChildProcess, Promise<unknown>>()
  #isOver = false

  start(command: string, args: readonly string[], { input = '', uid, ...options }: ChildStart = {}) {
    if (this.#isOver) throw new Error('it is over: nothing is started any more')
    const child = spawn(command, args, {
      ...options,
      ...(uid === undefined ? {} : { uid, gid: uid }),
      stdio: ['pipe', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C at the terminal is for the demo alone, which ends its children in order.
      detached: true,
    })
    const gone = new Promise((resolve) => child.once('error', resolve).once('close', resolve))
    this.#running.set(child, gone)
    void gone.then(() => this.#running.delete(child))
    // One that ends before it has read its input says why by itself.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    return child
  }

  /** Runs a command to its end and resolves to its output; rejects with what it said when it fails. */
  async output(command: string, args: readonly string[]): Promise<string> {
    const child = this.start(command, args)
    const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    const [out, said, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), code])
    if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}: ${said.trim()}`)
    return out
  }

  /** Ends what still runs, what was started last first; nothing can be started any more. */
  async endAll(): Promise<void> {
    this.#isOver = true
    for (const [child, gone] of [...this.#running].reverse()) {
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
      await gone
      clearTimeout(kill)
    }
  }
}
