import type { NewKey } from '../../ledger/client.ts'
import { type Command, dollars, EXIT, list, required, text } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'

export const createKeyCommand: Command = {
  name: 'keys create',
  summary: 'make a vault key for a client without a Job',
  usage: '--vendor VENDOR [--cap-usd USD] [--daily-cap-usd USD]',
  options: {
    ...LEDGER_OPTIONS,
    vendor: { type: 'string', value: 'VENDOR', help: 'the one vendor that may be called with it' },
    'cap-usd': { type: 'string', value: 'USD', help: 'dollars in all, such as 5.00' },
    'daily-cap-usd': { type: 'string', value: 'USD', help: 'dollars in a UTC day' },
    endpoint: {
      type: 'string',
      multiple: true,
      value: 'ENDPOINT',
      help: 'allowed endpoint, such as "POST /v1/charges"',
    },
    'expires-in': { type: 'string', value: 'TIME', help: 'such as 45m, 24h, 7d (default: the policy says)' },
    label: { type: 'string', value: 'LABEL', help: 'for people and for filters' },
    policy: { type: 'string', value: 'NAME', help: 'policy it counts in (default: default)' },
  },
  examples: [
    ['jobcap keys create --vendor stripe --daily-cap-usd 5.00 --label try-out', 'print a new key, once: keep it'],
  ],
  run(values, _positionals, context) {
    const key = newKey(values)
    return withLedger(values, context, async ({ client }) => {
      const made = await client.createKey(key)
      printAnswer(made, { values, context, text: ({ vault_key }) => `${vault_key}\n` })
      context.terminal.err(`key ${made.key_id} made; it is shown only this once\n`)
      return EXIT.ok
    })
  },
}

function newKey(values: Parameters<Command['run']>[0]): NewKey {
  const optional = {
    usd_cap: dollars(values, 'cap-usd'),
    daily_usd_cap: dollars(values, 'daily-cap-usd'),
    expires_in: text(values, 'expires-in'),
    label: text(values, 'label'),
    policy: text(values, 'policy'),
  }
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  const endpoints = list(values, 'endpoint')
  return {
    vendor: required(values, 'vendor'),
    ...given,
    ...(endpoints.length === 0 ? {} : { allowed_endpoints: endpoints }),
  }
}
