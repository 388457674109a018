import { counted } from '../../contract/counted.ts'
import type { RunDetailView } from '../../contract/operators.ts'
import { type Command, EXIT } from '../command.ts'
import { withLedger } from '../ledger-access.ts'
import { printAnswer } from '../print.ts'
import { RUN_OPTIONS, runOfJob } from './find.ts'
import { runTable } from './list.ts'

export const showRunCommand: Command = {
  name: 'runs show',
  summary: "show a Job's run: its Jobs, cap, money, calls and replays",
  usage: 'JOB [-n NAMESPACE]',
  words: ['JOB'],
  options: RUN_OPTIONS,
  examples: [['jobcap runs show nightly -n billing', 'show the run of the newest Job of this name']],
  run(values, [job = ''], context) {
    return withLedger(values, context, async (ledger) => {
      const { run } = await runOfJob(ledger, job, values)
      printAnswer(await ledger.client.findRun(run), { values, context, text: describe })
      return EXIT.ok
    })
  },
}

function describe(run: RunDetailView): string {
  const { call_count, replay_count, refused_by_cap_count, in_doubt_count } = run.totals
  const jobs = run.jobs.map(({ name, uid, ended }) => `  ${name} ${uid} ${ended ? 'ended' : 'living'}\n`)
  return `${runTable([run])}
run ${run.run}, opened ${new Date(run.opened_at_ms).toISOString()}
${counted(call_count, 'call')}, ${counted(replay_count, 'replay')}, ${refused_by_cap_count} refused by a cap, ${in_doubt_count} in doubt
Jobs:
${jobs.join('')}`
}
