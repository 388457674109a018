import { dirname, resolve } from 'node:path'
import { CAP_USD_ANNOTATION } from '../../contract/labels.ts'
import { DEFAULT_RESOURCES } from '../../webhook/plan.ts'
import { type Command, type Context, EXIT, isSet, list, required, text, type Values } from '../command.ts'
import { secretFindings } from '../doctor/vendor-secrets.ts'
import { readFolder, readPolicies, readSource } from '../files.ts'
import { readAnnotations } from './annotations.ts'
import { type EndedJob, runJob } from './job.ts'
import { LivingJobs } from './living-jobs.ts'
import { openLocalMachine, requireFreePorts } from './machine.ts'
import { OPTIONS } from './options.ts'
import { podParts } from './pod-parts.ts'
import { type PreparedJob, prepareJobs } from './prepare.ts'
import { machineReporter, personReporter, type Reporter } from './reporter.ts'
import { namedLedger, runLedger } from './run-ledger.ts'
import { waysOn } from './way-on.ts'

export const runCommand: Command = {
  name: 'run',
  summary: 'run the Jobs of a manifest as local Pods under a real ledger',
  usage: '-f FILE --policy FILE [--name NAME] [--continue RUN] [--secrets DIR] [--state DIR]',
  options: OPTIONS,
  examples: [
    ['jobcap run -f job.yaml --policy policy.yaml --secrets ./secrets', 'run a Job under the cap of its policy'],
    ['jobcap run -f cron.yaml --policy policy.yaml --name nightly-billing', "run a CronJob's template once"],
    [
      `jobcap run -f job.yaml --policy policy.yaml --continue billing --annotate ${CAP_USD_ANNOTATION}=800.00`,
      'go on with an earlier run under a higher cap: what was charged is replayed',
    ],
  ],
  async run(values, _words, context) {
    const { terminal, clock } = context
    const reporter = isSet(values, 'json') ? machineReporter(terminal) : personReporter(terminal, clock)
    try {
      return await runManifest(values, context, reporter)
    } finally {
      reporter.end()
    }
  },
}

async function runManifest(values: Values, context: Context, reporter: Reporter): Promise<number> {
  const manifest = readSource(required(values, 'file'))
  const policySource = readSource(required(values, 'policy'))
  const secrets = text(values, 'secrets')
  const sources = {
    policyFile: resolve(policySource.name),
    secretsFolder: secrets === undefined ? null : readFolder('secrets', resolve(secrets)),
  }
  const policies = readPolicies([policySource])
  const named = namedLedger(values)
  const { secretsFolder } = sources
  const masked = [...(secretsFolder === null ? [] : [secretsFolder]), ...(named?.folders ?? [])]
  const { machine, state } = await openLocalMachine(values, { context, masked })
  const ledgerToUse = runLedger(named, { context, reporter, sources, state })
  const parts = podParts(ledgerToUse.socket, {
    isolation: machine.isolation,
    policies,
    environment: context.environment,
  })
  const jobs = prepareJobs({
    ...{ manifest, policies },
    settings: {
      image: 'jobcap',
      imagePullPolicy: null,
      ledgerUrl: parts.ledgerUrl,
      ledgerCaPem: null,
      resources: DEFAULT_RESOURCES,
    },
    name: text(values, 'name'),
    annotations: readAnnotations(list(values, 'annotate')),
    continues: text(values, 'continue'),
  })
  if (machine.isolation.network === 'host') await requireFreePorts(parts.ports)
  for (const sentence of machine.isolation.leftOut) reporter.say(sentence)
  // Of a ledger that runs already nobody here knows where its secrets are.
  const findings = named === undefined ? secretFindings(sources, context.environment) : []
  for (const { problem, wayOut } of findings) reporter.say(`${problem} ${wayOut}`)
  const ledger = await ledgerToUse.open()
  try {
    const living = new LivingJobs(state.path)
    await living.endLeftBehind(ledger.client)
    const { client, podTokenKey } = ledger
    const setting = { machine, client, parts, podTokenKey, reporter, context, living }
    return await runAll(jobs, async (job) => {
      for (const note of job.notes) reporter.say(`${job.name}: ${note}`)
      const ended = await runJob(job, { ...setting, workingDir: dirname(resolve(manifest.name)) })
      for (const line of waysOn(ended, { values, policies, job })) reporter.say(line)
      return ended.condition
    })
  } finally {
    await ledger.stop()
  }
}

/** One Job after the other; what follows a failed one is not started. */
async function runAll(
  jobs: readonly PreparedJob[],
  run: (job: PreparedJob) => Promise<EndedJob['condition']>,
): Promise<number> {
  for (const job of jobs) {
    const condition = await run(job)
    if (condition === 'Interrupted') return EXIT.interrupted
    if (condition === 'Failed') return EXIT.no
  }
  return EXIT.ok
}
