export interface Counts {
  readonly passed: number
  readonly failed: number
}

const COUNTS = /^(\d+) passed, (\d+) failed$/

/** What one mocha process with our reporter said: a line a test file, then failures and what was skipped, last the counts. */
export class Transcript {
  readonly #name: string
  readonly #kept: string[] = []

  constructor(name: string) {
    this.#name = name
  }

  /** Whether it is for people to see at once: a line of a test file. The others wait for the end. */
  take(line: string): boolean {
    const isOfAFile = /^[✓✗] test\//.test(line)
    if (!isOfAFile) this.#kept.push(line)
    return isOfAFile
  }

  /** The process has ended. One that died, or fails although no test did, counts as a failure. */
  end(code: number | null): { readonly counts: Counts; readonly kept: readonly string[] } {
    const [, passed, failed] = COUNTS.exec(this.#kept.at(-1) ?? '') ?? []
    if (passed === undefined)
      return this.#failed({ passed: 0, failed: 0 }, `ended with ${code ?? 'a signal'} before they were through`)
    this.#kept.pop()
    const counts = { passed: Number(passed), failed: Number(failed) }
    if (code === 0 || counts.failed > 0) return { counts, kept: this.#kept }
    return this.#failed(counts, `ended with ${code ?? 'a signal'} although none failed`)
  }

  #failed(counts: Counts, what: string) {
    const kept = [...this.#kept, `failed: the tests of ${this.#name} ${what}`]
    return { counts: { ...counts, failed: counts.failed + 1 }, kept }
  }
}
