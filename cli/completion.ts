import { type Command, EXIT, UsageError } from './command.ts'

/** The `completion` command over the other commands: its words and options come from their own tables. */
export function completionCommand(commands: readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'Prints a completion script for bash, zsh or fish.',
    usage: 'bash|zsh|fish',
    options: {},
    examples: [
      ['source <(jobcap completion bash)', 'completes commands and options in this shell'],
      ['jobcap completion fish > ~/.config/fish/completions/jobcap.fish', 'for good, in fish'],
    ],
    async run(_values, [shell], { terminal }) {
      switch (shell) {
        case 'bash':
          terminal.out(bash(commands))
          return EXIT.ok
        case 'zsh':
          terminal.out(`autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`)
          return EXIT.ok
        case 'fish':
          terminal.out(fish(commands))
          return EXIT.ok
        default:
          throw new UsageError('say which shell: bash, zsh or fish')
      }
    },
  }
}

function bash(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options }) => `    "${name}"*) words="${flags(options).join(' ')}" ;;`)
  const seconds = groups(commands).map(([first, rest]) => `    "${first}") words="${rest.join(' ')}" ;;`)
  return `_jobcap() {
  local words="" line="\${COMP_WORDS[*]:1:COMP_CWORD-1}" current="\${COMP_WORDS[COMP_CWORD]}"
  case "$line" in
    "") words="${firsts(commands).join(' ')}" ;;
${[...seconds, ...cases].join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [ \${#COMPREPLY[@]} -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "$current"); fi
}
complete -o filenames -F _jobcap jobcap
`
}

function fish(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, options }) => {
    const [first = '', second] = name.split(' ')
    const word =
      second === undefined
        ? `complete -c jobcap -n __fish_use_subcommand -a ${first} -d ${quoted(summary)}`
        : `complete -c jobcap -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${quoted(summary)}`
    const longs = Object.entries(options).map(
      ([option, { help }]) =>
        `complete -c jobcap -n '__fish_seen_subcommand_from ${second ?? first}' -l ${option} -d ${quoted(help)}`,
    )
    return [word, ...longs]
  })
  const heads = groups(commands).map(([first]) => `complete -c jobcap -n __fish_use_subcommand -a ${first}`)
  return `${[...heads, ...lines].join('\n')}\n`
}

function firsts(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))]
}

/** First words that have second words. */
function groups(commands: readonly Command[]): [string, string[]][] {
  const found = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), second])
  }
  return [...found]
}

function flags(options: Command['options']): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`)
}

/** For fish, which knows \\' within single quotes. */
function quoted(words: string): string {
  return `'${words.replaceAll("'", "\\'")}'`
}
