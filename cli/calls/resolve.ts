import type { ResolvedCallView } from '../../contract/operators.ts'
import { type Command, dollars, EXIT, isSet, type Values } from '../command.ts'
import { UsageError } from '../faults.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'

export const resolveCallCommand: Command = {
  name: 'calls resolve',
  summary: 'say what became of a call in doubt, after a look at the vendor',
  usage: 'CALL_ID --no-effect | --effect --spent-usd USD',
  words: ['CALL_ID'],
  options: {
    ...LEDGER_OPTIONS,
    'no-effect': { type: 'boolean', help: 'the vendor says that it did nothing: its money is free again' },
    effect: { type: 'boolean', help: 'it took effect: give what it cost with --spent-usd' },
    'spent-usd': { type: 'string', value: 'USD', help: 'dollars that it cost, such as 12.50' },
  },
  examples: [
    ['jobcap calls resolve call_0123456789abcdef01234567 --no-effect', 'free the money that is held for it'],
    ['jobcap calls resolve call_0123456789abcdef01234567 --effect --spent-usd 12.50', 'count it as spent'],
  ],
  run(values, [callId = ''], context) {
    const word = found(values)
    return withLedger(values, context, async ({ client }) => {
      const resolved = await client.resolveCall(callId, word)
      printAnswer(resolved, { values, context, text: describe })
      return EXIT.ok
    })
  },
}

function found(values: Values): { readonly effect: false } | { readonly effect: true; readonly spent_usd: string } {
  const hasEffect = isSet(values, 'effect')
  const spent = dollars(values, 'spent-usd')
  if (hasEffect === isSet(values, 'no-effect')) throw new UsageError('say --effect or --no-effect')
  if (!hasEffect) {
    if (spent !== undefined) throw new UsageError('--spent-usd goes with --effect')
    return { effect: false }
  }
  if (spent === undefined) throw new UsageError('--spent-usd is missing: what did it cost?')
  return { effect: true, spent_usd: spent }
}

function describe({ call_id, state, spent_usd }: ResolvedCallView): string {
  return `${call_id} is ${state}: $${spent_usd} spent\n`
}
