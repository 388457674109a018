import type { Command } from '../command.ts'
import { firstWords, flags, groups, takesPath } from './words.ts'

/** For bash, and for zsh's `bashcompinit`. */
export function bashScript(commands: readonly Command[]): string {
  const seconds = [...groups(commands)].map(([first, rest]) => `    "${first} ") words="${rest.join(' ')}" ;;`)
  const options = commands.map(({ name, options }) => `    "${name} "*) words="${flags(options).join(' ')}" ;;`)
  return `_jobcap() {
  local words="" current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" line="" at
  for ((at = 1; at < COMP_CWORD; at++)); do line="$line\${COMP_WORDS[at]} "; done
  COMPREPLY=()
  case "$before" in
    ${pathOptions(commands).join('|')}) local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$line" in
    "") words="${firstWords(commands).join(' ')} help" ;;
${[...seconds, ...options].join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _jobcap jobcap
`
}

function pathOptions(commands: readonly Command[]): string[] {
  const typed = commands.flatMap(({ options }) =>
    Object.entries(options)
      .filter(([, option]) => takesPath(option))
      .flatMap(([name, { short }]) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
  )
  return [...new Set(typed)]
}
