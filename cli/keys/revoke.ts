import type { RevokedKeyView } from '../../contract/operators.ts'
import { type Command, EXIT } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'

export const revokeKeyCommand: Command = {
  name: 'keys revoke',
  summary: 'revoke a vault key, so that no further call is admitted in any Pod',
  usage: 'KEY_ID',
  words: ['KEY_ID'],
  options: LEDGER_OPTIONS,
  examples: [
    ['jobcap keys revoke key_0123456789abcdef01234567', 'end a run for good, and see what was still in flight'],
  ],
  run(values, [keyId = ''], context) {
    return withLedger(values, context, async ({ client }) => {
      const revoked = await client.revokeKey(keyId)
      printAnswer(revoked, { values, context, text: describeRevoked })
      return EXIT.ok
    })
  },
}

/** What a person must know after it. */
export function describeRevoked({ key_id, in_flight }: RevokedKeyView): string {
  const calls = in_flight.map(({ call_id, sent }) => `  ${call_id} ${sent ? 'may have been sent' : 'not sent yet'}\n`)
  return `${key_id} is revoked. Admitted before and still in flight: ${in_flight.length}\n${calls.join('')}`
}
