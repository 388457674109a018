import type { KeyView } from '../../contract/operators.ts'
import { type Command, dollars, EXIT, text, type Values } from '../command.ts'
import { Refused, UsageError } from '../faults.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { keyTable } from './list.ts'

/** Options of the commands that set caps. */
export const LIMIT_OPTIONS = {
  'cap-usd': { type: 'string', value: 'USD', help: 'dollars in all, such as 800.00; none takes the cap away' },
  'daily-cap-usd': { type: 'string', value: 'USD', help: 'dollars in a UTC day; none takes the cap away' },
} as const

export const raiseKeyCommand: Command = {
  name: 'keys raise',
  summary: 'set the caps of a vault key; they stay until a person changes them',
  usage: 'KEY_ID [--cap-usd USD] [--daily-cap-usd USD]',
  words: ['KEY_ID'],
  options: { ...LEDGER_OPTIONS, ...LIMIT_OPTIONS },
  examples: [['jobcap keys raise key_0123456789abcdef01234567 --cap-usd 800.00', 'let a capped run go on']],
  run(values, [keyId = ''], context) {
    const limits = limitsGiven(values)
    return withLedger(values, context, async ({ client }) => {
      const key = await client.setLimits(keyId, limits)
      refuseRevoked(key)
      printAnswer(key, { values, context, text: (view) => keyTable([view]) })
      return EXIT.ok
    })
  },
}

/** What was revoked stays so: a cap that is raised would let nobody go on, and whoever raised it would wait for that. */
export function refuseRevoked({ key_id, status, vendor }: KeyView): void {
  if (status !== 'revoked') return
  const wayOut =
    vendor === null
      ? 'Its run cannot be continued: start a new Job, knowing that it charges again.'
      : 'Make a new key with `jobcap keys create`.'
  throw new Refused(`${key_id} is revoked, so nothing may be spent under it, whatever its caps. ${wayOut}`)
}

/** The new caps. Throws when none is given. */
export function limitsGiven(values: Values): Record<string, string | null> {
  const limits = {
    ...limit(values, { option: 'cap-usd', field: 'usd_cap' }),
    ...limit(values, { option: 'daily-cap-usd', field: 'daily_usd_cap' }),
  }
  if (Object.keys(limits).length === 0) throw new UsageError('say the new cap: --cap-usd or --daily-cap-usd')
  return limits
}

function limit(
  values: Values,
  { option, field }: { readonly option: string; readonly field: string },
): Record<string, string | null> {
  if (text(values, option) === 'none') return { [field]: null }
  const usd = dollars(values, option)
  return usd === undefined ? {} : { [field]: usd }
}
