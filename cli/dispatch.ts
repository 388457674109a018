import { parseArgs } from 'node:util'
import type { Command, Context } from './command.ts'
import { EXIT, endingOf, UsageError } from './faults.ts'
import { commandHelp, overview } from './help.ts'

/** Finds the command that the words name, longest name first, and runs it. Resolves to the exit code. */
export async function dispatch(
  commands: readonly Command[],
  words: readonly string[],
  context: Context,
): Promise<number> {
  const { terminal } = context
  const [first, ...rest] = words
  if (first === '--version') return dispatch(commands, ['version', ...rest], context)
  if (first === 'help' && rest.length > 0) return dispatch(commands, [...rest, '--help'], context)
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    terminal.out(overview(commands))
    return EXIT.ok
  }
  const command = find(commands, words)
  if (command !== undefined) return runCommand(command, words.slice(command.name.split(' ').length), context)
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (group.length > 0 && (rest[0] === '--help' || rest[0] === '-h')) {
    terminal.out(overview(group))
    return EXIT.ok
  }
  terminal.err(unknown(group.length > 0 ? group : commands, words))
  return EXIT.usage
}

async function runCommand(command: Command, rest: readonly string[], context: Context): Promise<number> {
  try {
    const { values, positionals } = parse(command, rest)
    if (values['help'] === true) {
      context.terminal.out(commandHelp(command))
      return EXIT.ok
    }
    checkWords(command, positionals)
    return await command.run(values, positionals, context)
  } catch (fault) {
    const { exitCode, text } = endingOf(fault, command.name)
    context.terminal.err(text)
    return exitCode
  }
}

function parse(command: Command, rest: readonly string[]) {
  const help = { type: 'boolean', short: 'h' } as const
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { help: _, value: __, ...descriptor }]) => [name, descriptor]),
  )
  try {
    const parsed = parseArgs({
      ...{ args: [...rest], options: { ...options, help } },
      ...{ allowPositionals: true, strict: true, tokens: true },
    })
    checkOptions(command, parsed.tokens)
    return parsed
  } catch (fault) {
    // The parser's further sentences explain `--`, which no command here needs.
    throw new UsageError((fault as Error).message.split(/\.? To specify|\n/)[0])
  }
}

/** An option that is there twice or empty is a slip, for example of a variable in a script. */
function checkOptions(
  { options }: Command,
  tokens: readonly { readonly kind: string; readonly name?: string; readonly value?: string | undefined }[],
): void {
  const seen = new Set<string>()
  for (const { kind, name = '', value } of tokens) {
    if (kind !== 'option') continue
    if (value === '') throw new UsageError(`--${name} is empty`)
    if (seen.has(name) && options[name]?.multiple !== true) throw new UsageError(`--${name} is there twice`)
    seen.add(name)
  }
}

function checkWords({ words = [], options }: Command, given: readonly string[]): void {
  const missing = words[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing`)
  const extra = given[words.length]
  if (extra === undefined) return
  const hint = options['file'] === undefined ? '' : `; a file is given with -f ${extra}`
  throw new UsageError(`"${extra}" is one word too many${hint}`)
}

function find(commands: readonly Command[], words: readonly string[]): Command | undefined {
  const fits = (command: Command) => command.name.split(' ').every((part, at) => words[at] === part)
  return commands.filter(fits).toSorted((left, right) => right.name.length - left.name.length)[0]
}

function unknown(commands: readonly Command[], words: readonly string[]): string {
  const said = words
    .filter((word) => !word.startsWith('-'))
    .slice(0, 2)
    .join(' ')
  return `jobcap: there is no command "${said}". There are: ${commands.map(({ name }) => name).join(', ')}\n`
}
