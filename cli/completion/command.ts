import { type Command, EXIT } from '../command.ts'
import { UsageError } from '../faults.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'

/** The `completion` command over all commands: its words and options come from their own tables. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print a completion script for a shell',
    usage: 'bash|zsh|fish',
    words: ['SHELL'],
    options: {},
    examples: [
      ['source <(jobcap completion bash)', 'complete commands and options in this shell'],
      ['jobcap completion fish > ~/.config/fish/completions/jobcap.fish', 'complete them in fish, for good'],
    ],
    async run(_values, [shell = ''], { terminal }) {
      terminal.out(script(shell, commands()))
      return EXIT.ok
    },
  }
}

function script(shell: string, commands: readonly Command[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands)
    case 'zsh':
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`
    case 'fish':
      return fishScript(commands)
    default:
      throw new UsageError(`there is no completion for ${shell}: bash, zsh or fish`)
  }
}
