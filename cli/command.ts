import type { ParseArgsOptionDescriptor } from 'node:util'
import { parseUsd } from '../contract/money.ts'
import { meantDollars } from '../policy/dollars.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Environment } from '../runtime/environment.ts'
import type { Random } from '../runtime/random.ts'
import type { Terminal } from '../runtime/terminal.ts'
import type { Timers } from '../runtime/timers.ts'
import { UsageError } from './faults.ts'

export { EXIT } from './faults.ts'

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
  /** One line, in the imperative, without a full stop. */
  readonly summary: string
  /** After the name: `-f FILE [--name NAME]`. */
  readonly usage: string
  /** Words that must follow, in this order, as the help calls them: `KEY_ID`. Default: none. */
  readonly words?: readonly string[]
  readonly options: Options
  /** Whole command lines, each with what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[]
  /** Resolves to the exit code. `words` are as many as the command wants. What it throws, `endingOf` puts into words. */
  run(values: Values, words: readonly string[], context: Context): Promise<number>
}

/** The value of a text option; undefined when it was not given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of an option that may be given several times. */
export function list(values: Values, name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}

/** The value of an option that has few; `fallback` when it was not given. */
export function oneOf<Choice extends string, Fallback extends Choice | undefined>(
  values: Values,
  name: string,
  { choices, fallback }: { readonly choices: readonly Choice[]; readonly fallback: Fallback },
): Choice | Fallback {
  const given = text(values, name)
  if (given === undefined) return fallback
  const choice = choices.find((known) => known === given)
  if (choice === undefined) throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not ${given}`)
  return choice
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

/** Dollars as they were given, such as `5.00`; undefined when they were not. */
export function dollars(values: Values, name: string): string | undefined {
  const given = text(values, name)
  if (given === undefined || parseUsd(given) !== undefined) return given
  const meant = meantDollars(given)
  throw new UsageError(
    `--${name} ${given} is not dollars such as 5.00: ${
      meant === undefined ? 'no sign, no exponent, at most six decimals' : `write --${name} ${meant}`
    }`,
  )
}
