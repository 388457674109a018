/** Keys that a script may touch, all of one policy's slot. */
export type ScriptKey = 'meta' | 'run' | 'accounts' | 'audit' | 'open' | 'runs' | 'ends' | 'ended' | 'found' | 'objects'

/** One operation in Lua, with its header as data: the first lines of the script are made from it. */
export interface Script<Arg extends string = string> {
  /** Name of the command. */
  readonly name: string
  readonly purpose: string
  readonly keys: readonly ScriptKey[]
  /** Argument → what it is, with its unit. In the order in which they are passed. */
  readonly args: Readonly<Record<Arg, string>>
  /** First word of the reply, in order of precedence. */
  readonly statuses: readonly string[]
  readonly body: string
}

/** Keeps the names of the arguments as a type. */
export function script<Arg extends string>(definition: Script<Arg>): Script<Arg> {
  return definition
}

/** Every script is told the history that its caller believes in, and answers NEW_HISTORY before anything else. */
const HISTORY_ARG = 'history'

/** The text that Redis runs: header, names, body. */
export function luaOf({ name, purpose, keys, args, statuses, body }: Script): string {
  const told = { [HISTORY_ARG]: 'the history that the caller believes in', ...args }
  const header = [
    `-- ${name}: ${purpose}`,
    ...keys.map((key, at) => `-- KEYS[${at + 1}] ${key}`),
    ...Object.entries(told).map(([arg, meaning], at) => `-- ARGV[${at + 1}] ${arg}: ${meaning}`),
    `-- answers, in order of precedence: ${['NEW_HISTORY', ...statuses].join(', ')}`,
    `local ${keys.join(', ')} = unpack(KEYS)`,
    `local ${Object.keys(told).join(', ')} = unpack(ARGV)`,
  ]
  return `${header.join('\n')}\n${body}`
}

/** Null and false are the empty text. */
export type ScriptValue = string | number | boolean | Buffer | null
