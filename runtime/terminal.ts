/** The door to the person at the terminal: what a command prints. Logs go through `log.ts`. */
export interface Terminal {
  /** Whether standard output is a terminal: colours and bars there, a line a step elsewhere. */
  readonly isInteractive: boolean
  /** Columns, 80 where unknown. */
  readonly columns: number
  /** Writes text to standard output as it is. */
  out(text: string): void
  /** Writes text to standard error as it is. */
  err(text: string): void
  /** Calls `action` when nobody reads standard output or error any more; what is written from then on is lost. */
  onGone(action: () => void): void
}

export const systemTerminal: Terminal = {
  isInteractive: process.stdout.isTTY === true,
  columns: process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : 80,
  out: (text) => {
    process.stdout.write(text)
  },
  err: (text) => {
    process.stderr.write(text)
  },
  onGone: (action) => {
    for (const stream of [process.stdout, process.stderr]) stream.on('error', action)
  },
}
