import { parseArgs } from 'node:util'
import { type Command, type Context, EXIT, UsageError } from './command.ts'
import { commandHelp, overview } from './help.ts'

/** Finds the command that the words name, longest name first, and runs it. Resolves to the exit code. */
export async function dispatch(
  commands: readonly Command[],
  words: readonly string[],
  context: Context,
): Promise<number> {
  const { terminal } = context
  const [first] = words
  if (first === '--version') return dispatch(commands, ['version'], context)
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    terminal.out(overview(commands))
    return EXIT.ok
  }
  const command = find(commands, words)
  if (command === undefined) {
    terminal.err(unknown(commands, words))
    return EXIT.usage
  }
  return runCommand(command, words.slice(command.name.split(' ').length), context)
}

async function runCommand(command: Command, rest: readonly string[], context: Context): Promise<number> {
  try {
    const { values, positionals } = parse(command, rest)
    if (values['help'] === true) {
      context.terminal.out(commandHelp(command))
      return EXIT.ok
    }
    return await command.run(values, positionals, context)
  } catch (fault) {
    if (!(fault instanceof UsageError)) throw fault
    context.terminal.err(`jobcap ${command.name}: ${fault.message}\nSee: jobcap ${command.name} --help\n`)
    return EXIT.usage
  }
}

function parse(command: Command, rest: readonly string[]) {
  const help = { type: 'boolean', short: 'h' } as const
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { help: _, value: __, ...descriptor }]) => [name, descriptor]),
  )
  try {
    return parseArgs({ args: [...rest], options: { ...options, help }, allowPositionals: true, strict: true })
  } catch (fault) {
    throw new UsageError((fault as Error).message)
  }
}

function find(commands: readonly Command[], words: readonly string[]): Command | undefined {
  const fits = (command: Command) => command.name.split(' ').every((part, at) => words[at] === part)
  return commands.filter(fits).toSorted((left, right) => right.name.length - left.name.length)[0]
}

function unknown(commands: readonly Command[], words: readonly string[]): string {
  const group = commands.filter(({ name }) => name.startsWith(`${words[0]} `)).map(({ name }) => name)
  const names = group.length > 0 ? group : commands.map(({ name }) => name)
  return `jobcap: there is no command "${words.slice(0, 2).join(' ')}". There are: ${names.join(', ')}\n`
}
