import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Children } from '../scene/children.ts'
import { readJsonLines } from '../scene/lines.ts'
import { ROOT } from '../scene/places.ts'

/** Shorter than in service, so that a round heals in seconds. */
const TIMES = ['--vendor-deadline-ms', '6000', '--repair-every-ms', '500']
/** Between two starts, so that one which cannot start does not spin. */
const RESTART_MS = 200

export interface LedgerSetting {
  readonly children: Children
  readonly policyFile: string
  readonly secretsFolder: string
  /** As `--store` takes it. */
  readonly store: string
  /** The keys that all replicas share. */
  readonly stateFolder: string
  readonly logFolder: string
  /** Holds a journal of each replica; null: none is kept. */
  readonly journalFolder: string | null
}

/** A ledger that is started again whenever it has died. */
export class KeptLedger {
  readonly socket: string
  readonly #setting: LedgerSetting
  readonly #name: string
  #pid: number | undefined
  #isOver = false
  /** Lines that it said on its way out, of the last start that failed. */
  #lastLines: string[] = []

  constructor(setting: LedgerSetting, name: string, socketFolder: string) {
    this.#setting = setting
    this.#name = name
    this.socket = join(socketFolder, `${name}.sock`)
  }

  /** Undefined between two lives. */
  get pid(): number | undefined {
    return this.#pid
  }

  /** Resolves when it serves for the first time; rejects when it ends before. `firstFlags`: of this start alone. */
  async start(...firstFlags: readonly string[]): Promise<void> {
    await mkdir(dirname(this.socket), { recursive: true, mode: 0o700 })
    const { ready, gone } = this.#launch(firstFlags)
    await Promise.race([ready, gone.then(() => this.#failed())])
    void this.#keep(gone)
  }

  /** It is not started again; who started it ends it. */
  release(): void {
    this.#isOver = true
  }

  async #keep(firstGone: Promise<void>): Promise<void> {
    await firstGone
    while (!this.#isOver) {
      await this.#launch().gone
      await new Promise((resolve) => setTimeout(resolve, RESTART_MS))
    }
  }

  #launch(more: readonly string[] = []): { ready: Promise<void>; gone: Promise<void> } {
    const { children, policyFile, secretsFolder, store, stateFolder, logFolder, journalFolder } = this.#setting
    const journal = journalFolder === null ? [] : ['--journal', join(journalFolder, this.#name)]
    const args = ['--policy', policyFile, '--secrets', secretsFolder, '--store', store, '--state', stateFolder]
    const main = join(ROOT, 'ledger/main.ts')
    const child = children.start(process.execPath, [
      main,
      ...args,
      '--listen',
      `unix:${this.socket}`,
      ...TIMES,
      ...journal,
      ...more,
    ])
    this.#pid = child.pid
    this.#lastLines = []
    const log = createWriteStream(join(logFolder, `${this.#name}.log`), { flags: 'a' })
    const note = (line: string) => {
      log.write(`${line}\n`)
      this.#lastLines.push(line)
      if (this.#lastLines.length > 10) this.#lastLines.shift()
    }
    void readJsonLines(child.stderr, (line) => note(JSON.stringify(line)), note)
    const ready = new Promise<void>((resolve) => {
      void readJsonLines(
        child.stdout,
        () => resolve(),
        () => {},
      )
    })
    const gone = new Promise<void>((resolve) => {
      child.once('close', () => {
        if (this.#pid === child.pid) this.#pid = undefined
        log.end()
        resolve()
      })
    })
    return { ready, gone }
  }

  #failed(): never {
    throw new Error(`${this.#name} does not start:\n${this.#lastLines.join('\n')}`)
  }
}
