import { type Command, EXIT } from '../command.ts'
import { describeRevoked } from '../keys/revoke.ts'
import { withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { RUN_OPTIONS, runOfJob } from './find.ts'

export const revokeRunCommand: Command = {
  name: 'runs revoke',
  summary: "revoke the key of a Job's run, so that no further call of any of its Pods is admitted",
  usage: 'JOB [-n NAMESPACE]',
  words: ['JOB'],
  options: RUN_OPTIONS,
  examples: [['jobcap runs revoke nightly -n billing', 'end a run for good, and see what was still in flight']],
  run(values, [job = ''], context) {
    return withLedger(values, context, async (ledger) => {
      const { key } = await runOfJob(ledger, job, values)
      printAnswer(await ledger.client.revokeKey(key.key_id), { values, context, text: describeRevoked })
      return EXIT.ok
    })
  },
}
