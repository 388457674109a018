import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, EXIT } from './command.ts'
import { printAnswer } from './print.ts'

export const versionCommand: Command = {
  name: 'version',
  summary: 'print the version',
  usage: '',
  options: { json: { type: 'boolean', help: 'print JSON for machines' } },
  examples: [['jobcap version', 'show what to name in a bug report']],
  async run(values, _words, context) {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      readonly version: string
    }
    printAnswer({ version }, { values, context, text: () => `jobcap ${version}\n` })
    return EXIT.ok
  },
}
