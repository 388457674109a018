import { type Command, EXIT, isSet, text, UsageError } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { keyTable } from './list.ts'

export const raiseKeyCommand: Command = {
  name: 'keys raise',
  summary: "sets a key's caps; they stay until a person changes them",
  usage: 'KEY_ID [--cap-usd USD] [--daily-cap-usd USD]',
  options: {
    ...LEDGER_OPTIONS,
    'cap-usd': { type: 'string', value: 'USD', help: 'dollars in all; none takes the cap away' },
    'daily-cap-usd': { type: 'string', value: 'USD', help: 'dollars in a UTC day; none takes the cap away' },
  },
  examples: [['jobcap keys raise key_0123456789abcdef01234567 --cap-usd 800.00', 'lets a capped run go on']],
  run(values, [keyId], context) {
    if (keyId === undefined) throw new UsageError('say which key: its id, as `jobcap keys list` shows it')
    const limits = {
      ...limit('usd_cap', text(values, 'cap-usd')),
      ...limit('daily_usd_cap', text(values, 'daily-cap-usd')),
    }
    if (Object.keys(limits).length === 0) throw new UsageError('say the new cap: --cap-usd or --daily-cap-usd')
    return withLedger(values, context, async (client) => {
      const key = await client.setLimits(keyId, limits)
      context.terminal.out(isSet(values, 'json') ? `${JSON.stringify(key)}\n` : keyTable([key]))
      return EXIT.ok
    })
  },
}

function limit(name: string, usd: string | undefined): Record<string, string | null> {
  if (usd === undefined) return {}
  return { [name]: usd === 'none' ? null : usd }
}
