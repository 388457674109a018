import { isRefusalCode, REFUSALS } from '../contract/refusals.ts'
import { LedgerRefused } from '../ledger/client.ts'

/** Exit codes that a shell can use. */
export const EXIT = {
  /** What was asked for holds. */
  ok: 0,
  /** It does not: the Job failed, something was refused, the doctor found something. */
  no: 1,
  /** Bad arguments, or a file that cannot be read as what it should be. */
  usage: 2,
  /** What the command needs is not there: a ledger that answers, a free port, a folder that can be written. */
  unavailable: 69,
  /** Ended by Ctrl-C, or by a reader of the output that went away. */
  interrupted: 130,
} as const

/** The arguments do not fit; the message says what to change. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A file does not hold what it should. Each problem says where, and what to change. */
export class BadInput extends Error {
  override readonly name = 'BadInput'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** What was asked for is not allowed; the message says what to change. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Something that the command needs is not there; the message says what to do. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

/** A person pressed Ctrl-C, or nobody reads any more. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

const DISK_FULL =
  'Make room on the disk of --state, then run it again; a Job that had begun goes on with --continue, and what was charged is replayed.'

export interface Ending {
  readonly exitCode: number
  /** For standard error; empty when there is nothing to say. */
  readonly text: string
}

/** How the command of this name ends after a fault: never with a stack trace. */
export function endingOf(fault: unknown, command: string): Ending {
  const says = (lines: readonly string[]) => `jobcap ${command}: ${lines.join('\n  ')}\n`
  if (fault instanceof Interrupted) return { exitCode: EXIT.interrupted, text: '' }
  if (fault instanceof UsageError) {
    return { exitCode: EXIT.usage, text: says([fault.message, `See: jobcap ${command} --help`]) }
  }
  if (fault instanceof BadInput) return { exitCode: EXIT.usage, text: says(fault.problems) }
  if (fault instanceof Refused) return { exitCode: EXIT.no, text: says([`refused: ${fault.message}`]) }
  if (fault instanceof Unavailable) return { exitCode: EXIT.unavailable, text: says([fault.message]) }
  if (fault instanceof LedgerRefused) return { exitCode: EXIT.no, text: says(refusalLines(fault)) }
  const message = fault instanceof Error ? fault.message : String(fault)
  if (isDiskFull(fault)) return { exitCode: EXIT.unavailable, text: says([message, DISK_FULL]) }
  return { exitCode: EXIT.no, text: says([message]) }
}

/** Of a write: Node names no file then. */
function isDiskFull(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'ENOSPC'
}

function refusalLines({ code, message }: LedgerRefused): string[] {
  if (!isRefusalCode(code)) return [message]
  const { wayOut } = REFUSALS[code]
  // A message of the catalogue's own ends with it.
  const what = message.endsWith(wayOut) ? message.slice(0, -wayOut.length).trimEnd() : message
  return [`${what} (${code})`, `Way out: ${wayOut}`]
}
