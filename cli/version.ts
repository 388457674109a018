import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, EXIT } from './command.ts'

export const versionCommand: Command = {
  name: 'version',
  summary: 'prints the version',
  usage: '',
  options: {},
  examples: [['jobcap version', 'for bug reports']],
  async run(_values, _positionals, { terminal }) {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    terminal.out(`jobcap ${version}\n`)
    return EXIT.ok
  },
}
