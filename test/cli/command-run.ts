import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export const MAIN = join(import.meta.dirname, '../../cli/main.ts')

export interface CommandOptions {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  /** Another `jobcap` than that of the sources. */
  readonly command?: readonly [program: string, ...args: string[]]
  /** As a terminal runs it: a signal reaches all that it started and that stayed with it. */
  readonly isGroup?: boolean
}

/** A `jobcap` that runs, as its caller sees it. */
export class CommandRun {
  /** Resolves to the exit code, null after a signal, when its output is read to the end. */
  readonly ended: Promise<number | null>
  out = ''
  err = ''
  readonly #process: ChildProcess
  readonly #isGroup: boolean
  readonly #watchers = new Set<() => void>()

  constructor(args: readonly string[], { folder, environment = {}, command, isGroup = false }: CommandOptions) {
    const [program, ...first] = command ?? [process.execPath, MAIN]
    const { PATH, NODE_COMPILE_CACHE } = process.env
    const env = { PATH, NODE_COMPILE_CACHE, HOME: folder, ...environment }
    const child = spawn(program, [...first, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: isGroup,
    })
    this.#process = child
    this.#isGroup = isGroup
    this.ended = once(child, 'close').then(([code]) => code as number | null)
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#take({ out: chunk }))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => this.#take({ err: chunk }))
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get all(): string {
    return `${this.out}${this.err}`
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#isGroup ? -this.pid : this.pid, signal)
  }

  /** Resolves when the output holds it; rejects with the output when the command ends without it. */
  async saw(pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(this.all)
        if (match !== null) resolve(match)
      }
      this.#watchers.add(look)
      look()
    })
    const gone = this.ended.then((code): RegExpExecArray => {
      const match = pattern.exec(this.all)
      if (match === null) throw new Error(`ended with ${code} before ${pattern}:\n${this.all}`)
      return match
    })
    return Promise.race([found, gone])
  }

  #take({ out = '', err = '' }: { readonly out?: string; readonly err?: string }): void {
    this.out += out
    this.err += err
    for (const look of this.#watchers) look()
  }
}
