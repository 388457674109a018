import type { Command, Option } from '../command.ts'
import { groups, takesPath } from './words.ts'

export function fishScript(commands: readonly Command[]): string {
  const heads = [...groups(commands).keys()].map((first) => line(['-n __fish_use_subcommand', `-a ${first}`]))
  return `complete -c jobcap -f\n${[...heads, ...commands.flatMap(commandLines)].join('')}`
}

function commandLines({ name, summary, options }: Command): string[] {
  const [first = '', second] = name.split(' ')
  const seen = `__fish_seen_subcommand_from ${first}`
  const when = second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`
  const word =
    second === undefined
      ? line(['-n __fish_use_subcommand', `-a ${first}`, `-d ${quoted(summary)}`])
      : line([
          `-n ${quoted(`${seen}; and not __fish_seen_subcommand_from ${second}`)}`,
          `-a ${second}`,
          `-d ${quoted(summary)}`,
        ])
  return [word, ...Object.entries(options).map(([option, about]) => optionLine(when, option, about))]
}

function optionLine(when: string, name: string, option: Option): string {
  const takes = option.type === 'boolean' ? [] : [takesPath(option) ? '-r -F' : '-x']
  const short = option.short === undefined ? [] : [`-s ${option.short}`]
  return line([`-n ${quoted(when)}`, `-l ${name}`, ...short, ...takes, `-d ${quoted(option.help)}`])
}

function line(parts: readonly string[]): string {
  return `complete -c jobcap ${parts.join(' ')}\n`
}

/** For fish, which knows \\\\ and \\' within single quotes. */
function quoted(words: string): string {
  return `'${words.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
