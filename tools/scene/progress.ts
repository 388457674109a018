const BAR_COLUMNS = 30

/** What a person watches: one line a step; on a terminal the last line is a bar that moves. */
export class Progress {
  readonly #isInteractive = process.stdout.isTTY === true
  #bar = ''

  title(text: string): void {
    this.#say(`\n${this.#isInteractive ? `\u001b[1m${text}\u001b[0m` : text}`)
  }

  step(text: string): void {
    this.#say(`  ${text}`)
  }

  /** `done` of `whole`; without a terminal nothing is printed. */
  bar(done: number, whole: number, text: string): void {
    if (!this.#isInteractive) return
    const filled = Math.round((done / whole) * BAR_COLUMNS)
    this.#bar = `  ${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)} ${done}/${whole} ${text}`
    process.stdout.write(`\r\u001b[K${this.#bar}`)
  }

  #say(line: string): void {
    if (this.#bar !== '') process.stdout.write('\r\u001b[K')
    process.stdout.write(`${line}\n`)
    if (this.#bar !== '') process.stdout.write(this.#bar)
  }

  endBar(): void {
    if (this.#bar !== '') process.stdout.write('\n')
    this.#bar = ''
  }
}
