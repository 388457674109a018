/** What happened, in order. Its hash says whether two runs were the same; the lines are kept only where they are read. */
export class Trace {
  readonly lines: string[] = []
  readonly #isKept: boolean
  #nowMs = 0
  #low = 0x811c9dc5
  #high = 0x1b873593

  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  at(nowMs: number): void {
    this.#nowMs = nowMs
  }

  say(who: string, what: string): void {
    const line = `${(this.#nowMs / 1000).toFixed(4)} ${who}: ${what}`
    this.#mix(line)
    if (this.#isKept) this.lines.push(line)
  }

  get hash(): string {
    const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0')
    return hex(this.#low) + hex(this.#high)
  }

  #mix(line: string): void {
    for (let at = 0; at < line.length; at += 1) {
      const code = line.charCodeAt(at)
      this.#low = Math.imul(this.#low ^ code, 0x01000193)
      this.#high = Math.imul(this.#high ^ code, 0x01000197)
    }
  }
}
