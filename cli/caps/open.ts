import { type Command, EXIT } from '../command.ts'
import { LEDGER_OPTIONS, withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'

export const openCapsCommand: Command = {
  name: 'caps open',
  summary: "open today's day caps, which count as spent after a start with --restored",
  usage: '',
  options: LEDGER_OPTIONS,
  examples: [['jobcap caps open', 'let calls through again, once you know what was spent today']],
  run(values, _words, context) {
    return withLedger(values, context, async ({ client }) => {
      await client.openDayCaps()
      printAnswer({ opened: true }, { values, context, text: () => "Today's day caps are open.\n" })
      return EXIT.ok
    })
  },
}
