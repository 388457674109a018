import { type Command, EXIT } from '../command.ts'
import { keyTable } from '../keys/list.ts'
import { LIMIT_OPTIONS, limitsGiven, refuseRevoked } from '../keys/raise.ts'
import { withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { RUN_OPTIONS, runOfJob } from './find.ts'

export const raiseRunCommand: Command = {
  name: 'runs raise',
  summary: "set the caps of a Job's run; they stay until a person changes them",
  usage: 'JOB [-n NAMESPACE] [--cap-usd USD] [--daily-cap-usd USD]',
  words: ['JOB'],
  options: { ...RUN_OPTIONS, ...LIMIT_OPTIONS },
  examples: [['jobcap runs raise nightly -n billing --cap-usd 800.00', 'let a capped run go on']],
  run(values, [job = ''], context) {
    const limits = limitsGiven(values)
    return withLedger(values, context, async (ledger) => {
      const { key } = await runOfJob(ledger, job, values)
      const raised = await ledger.client.setLimits(key.key_id, limits)
      refuseRevoked(raised)
      printAnswer(raised, { values, context, text: (view) => keyTable([view]) })
      return EXIT.ok
    })
  },
}
