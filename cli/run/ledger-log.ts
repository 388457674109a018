import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { readLogLine } from '../log-line.ts'
import type { Reporter } from './reporter.ts'

/** Keeps the ledger's whole log in a file; of it a person is told warnings and worse. */
export class LedgerLog {
  /** Its path. */
  readonly file: string
  readonly #reporter: Reporter
  #isComplete = true

  constructor(folder: string, reporter: Reporter) {
    this.file = join(folder, 'ledger.log')
    this.#reporter = reporter
  }

  take(line: string): void {
    this.#keep(line)
    const read = readLogLine(line)
    if (read === undefined) this.#reporter.say(`[ledger] ${line}`)
    else if (read.isWarning) this.#reporter.say(`[ledger] ${read.text}`)
  }

  #keep(line: string): void {
    try {
      appendFileSync(this.file, `${line}\n`, { mode: 0o600 })
    } catch (fault) {
      if (!this.#isComplete) return
      this.#isComplete = false
      this.#reporter.say(`${this.file} is not complete: ${(fault as Error).message}`)
    }
  }
}
