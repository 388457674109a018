import type { ParseArgsOptionDescriptor } from 'node:util'
import type { Clock } from '../runtime/clock.ts'
import type { Environment } from '../runtime/environment.ts'
import type { Random } from '../runtime/random.ts'
import type { Terminal } from '../runtime/terminal.ts'
import type { Timers } from '../runtime/timers.ts'

/** Exit codes that a shell can use. */
export const EXIT = {
  /** What was asked for holds. */
  ok: 0,
  /** It does not: the Job failed, a manifest would be refused, the doctor found something. */
  no: 1,
  /** Bad arguments, or a file that cannot be read as what it should be. */
  usage: 2,
  /** The ledger could not be reached. */
  unavailable: 69,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const

/** What a command works with besides its arguments. */
export interface Context {
  readonly terminal: Terminal
  readonly environment: Environment
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly interrupted: AbortSignal
}

export interface Option extends ParseArgsOptionDescriptor {
  /** One line of the help text. */
  readonly help: string
  /** What stands for the value in the help text, `FILE`. */
  readonly value?: string
}

export type Options = Readonly<Record<string, Option>>

/** Values by option name, as `node:util` parsed them. */
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

export interface Command {
  /** `run`, `keys list`. */
  readonly name: string
  /** One line. */
  readonly summary: string
  /** After the name: `-f FILE [--name NAME]`. */
  readonly usage: string
  readonly options: Options
  /** Whole command lines, each with what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[]
  /** Resolves to the exit code. Throws `UsageError` when the arguments do not fit. */
  run(values: Values, positionals: readonly string[], context: Context): Promise<number>
}

/** The arguments, or a file they name, cannot be worked with; the message says what to change. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The value of a text option; undefined when it was not given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** The value of a text option that must be given. */
export function required(values: Values, name: string): string {
  const value = text(values, name)
  if (value === undefined) throw new UsageError(`--${name} is missing`)
  return value
}

export function isSet(values: Values, name: string): boolean {
  return values[name] === true
}
