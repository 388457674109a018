import { type Command, EXIT, isSet, UsageError } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'

export const revokeKeyCommand: Command = {
  name: 'keys revoke',
  summary: 'revokes a vault key: no further call is admitted in any Pod',
  usage: 'KEY_ID',
  options: LEDGER_OPTIONS,
  examples: [['jobcap keys revoke key_0123456789abcdef01234567', 'says how many calls were still in flight']],
  run(values, [keyId], context) {
    if (keyId === undefined) throw new UsageError('say which key: its id, as `jobcap keys list` shows it')
    return withLedger(values, context, async (client) => {
      const revoked = await client.revokeKey(keyId)
      if (isSet(values, 'json')) context.terminal.out(`${JSON.stringify(revoked)}\n`)
      else
        context.terminal.out(`${keyId} is revoked. Admitted before and still in flight: ${revoked.in_flight.length}\n`)
      return EXIT.ok
    })
  },
}
