import type { KeyView } from '../../contract/operators.ts'
import { type Command, EXIT, text } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { formatTable } from '../table.ts'

export const listKeysCommand: Command = {
  name: 'keys list',
  summary: 'list vault keys with their caps and what is spent',
  usage: '[--label LABEL]',
  options: { ...LEDGER_OPTIONS, label: { type: 'string', value: 'LABEL', help: 'only keys with this label' } },
  examples: [
    ['jobcap keys list', 'show all keys of the local ledger'],
    ['jobcap keys list --label billing/nightly --json | jq -r .[].spent_usd', 'show what one Job has spent'],
  ],
  run(values, _words, context) {
    const label = text(values, 'label')
    return withLedger(values, context, async ({ client }) => {
      const keys = await client.listKeys(label === undefined ? {} : { label })
      printAnswer(keys, { values, context, text: keyTable })
      return EXIT.ok
    })
  },
}

/** Keys as a table for people. */
export function keyTable(keys: readonly KeyView[]): string {
  const rows = keys.map((key) => [
    key.key_id,
    key.label ?? '–',
    key.status,
    key.usd_cap === null ? '–' : `$${key.usd_cap}`,
    key.daily_usd_cap === null ? '–' : `$${key.daily_usd_cap}`,
    `$${key.spent_usd}`,
    `$${key.reserved_usd}`,
  ])
  return formatTable(['key', 'label', 'status', 'cap', 'cap a day', 'spent', 'reserved'], rows)
}
