import { dirname, resolve } from 'node:path'
import type { IsolationLevel } from '../../local/namespaces/sandbox.ts'
import { openMachine, openStateFolder, stateFolderPath } from '../../local/run.ts'
import { readOrCreateKeyFile } from '../../runtime/key-file.ts'
import { DEFAULT_RESOURCES } from '../../webhook/plan.ts'
import { type Command, type Context, EXIT, isSet, required, text, UsageError, type Values } from '../command.ts'
import { list, readPolicies, readSource } from '../files.ts'
import { ledgerHome } from '../ledger-home.ts'
import { runJob } from './job.ts'
import { openLedger } from './ledger.ts'
import { podParts } from './pod-parts.ts'
import { PlanRefused, type PreparedJob, prepareJobs } from './prepare.ts'
import { machineReporter, personReporter, type Reporter } from './reporter.ts'

const ISOLATION_LEVELS = ['root', 'user', 'none'] as const satisfies readonly IsolationLevel[]

export const runCommand: Command = {
  name: 'run',
  summary: "runs a manifest's Jobs as local Pods under a real ledger",
  usage: '-f FILE --policy FILE [--name NAME] [--continue RUN] [--secrets DIR] [--state DIR]',
  options: {
    file: { type: 'string', short: 'f', value: 'FILE', help: 'manifest with Jobs or CronJobs; - reads standard input' },
    policy: { type: 'string', value: 'FILE', help: 'file with CapPolicy documents' },
    name: { type: 'string', value: 'NAME', help: 'only the Job or CronJob of this name' },
    continue: { type: 'string', value: 'RUN', help: 'continue an earlier run: its UID, or the name of its Job' },
    annotate: { type: 'string', multiple: true, value: 'KEY=VALUE', help: 'set an annotation on the Jobs' },
    secrets: {
      type: 'string',
      value: 'DIR',
      help: "the vendors' real secrets, DIR/<name>/<key>; else the environment",
    },
    state: { type: 'string', value: 'DIR', help: 'state folder (default $XDG_STATE_HOME/jobcap)' },
    network: { type: 'string', value: 'pod|host', help: "host: this machine's network, one Pod at a time" },
    isolation: { type: 'string', value: 'LEVEL', help: 'root, user or none (default: the strongest that works)' },
    json: { type: 'boolean', help: 'one JSON event a line' },
  },
  examples: [
    ['jobcap run -f job.yaml --policy policy.yaml --secrets ./secrets', 'runs the Job under the cap of its policy'],
    ['jobcap run -f cron.yaml --policy policy.yaml --name nightly-billing', "runs a CronJob's template once"],
    [
      'jobcap run -f job.yaml --policy policy.yaml --continue billing --annotate jobcap.dev/cap-usd=800.00',
      'goes on with an earlier run under a higher cap: what was charged is replayed',
    ],
  ],
  async run(values, _positionals, context) {
    const reporter = isSet(values, 'json') ? machineReporter(context.terminal) : personReporter(context.terminal)
    try {
      return await runManifest(values, context, reporter)
    } catch (fault) {
      if (!(fault instanceof PlanRefused)) throw fault
      reporter.say(`refused: ${fault.message}`)
      return EXIT.no
    }
  },
}

async function runManifest(values: Values, context: Context, reporter: Reporter): Promise<number> {
  const manifestFile = required(values, 'file')
  const policyFile = resolve(required(values, 'policy'))
  const secretsFolder = text(values, 'secrets')
  const sources = { policyFile, secretsFolder: secretsFolder === undefined ? null : resolve(secretsFolder) }
  const manifest = readSource(manifestFile)
  const policies = readPolicies([readSource(policyFile)])
  const state = openStateFolder(stateFolderPath(text(values, 'state'), context.environment))
  const home = ledgerHome(state.path)
  const machine = await openLocalMachine({ values, context, state, secretsFolder: sources.secretsFolder })
  for (const sentence of machine.isolation.leftOut) reporter.say(sentence)
  const parts = podParts(home, { isolation: machine.isolation, policies, environment: context.environment })
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
  const watch = {
    onServing: (pid: number) => reporter.event({ event: 'ledger.started', pid, address: `unix:${home.socket}` }),
    onLine: (line: string) => reporter.say(`[ledger] ${line}`),
  }
  const ledger = await openLedger(home, sources, { ...context, watch })
  try {
    const podTokenKey = readOrCreateKeyFile(home.podTokenKeyFile, context.random)
    const setting = { machine, client: ledger.client, parts, podTokenKey, reporter, context }
    return await runAll(jobs, (job) => {
      for (const note of job.notes) reporter.say(`${job.name}: ${note}`)
      return runJob(job, { ...setting, workingDir: dirname(resolve(manifestFile)) })
    })
  } finally {
    await ledger.stop()
  }
}

/** One Job after the other; what follows a failed one is not started. */
async function runAll(
  jobs: readonly PreparedJob[],
  run: (job: PreparedJob) => Promise<'Complete' | 'Failed' | 'Interrupted'>,
): Promise<number> {
  for (const job of jobs) {
    const condition = await run(job)
    if (condition === 'Interrupted') return EXIT.interrupted
    if (condition === 'Failed') return EXIT.no
  }
  return EXIT.ok
}

async function openLocalMachine(about: {
  values: Values
  context: Context
  state: ReturnType<typeof openStateFolder>
  secretsFolder: string | null
}) {
  const { values, context, state, secretsFolder } = about
  const network = oneOf('network', text(values, 'network') ?? 'pod', ['pod', 'host'] as const)
  const isolation = text(values, 'isolation')
  const opening = await openMachine({
    state,
    network,
    masked: secretsFolder === null ? [] : [secretsFolder],
    ...(isolation === undefined ? {} : { isolation: oneOf('isolation', isolation, ISOLATION_LEVELS) }),
    clock: context.clock,
    timers: context.timers,
    random: context.random,
  })
  if (opening.kind === 'refused') throw new UsageError(opening.problem)
  return opening.machine
}

function oneOf<Choice extends string>(option: string, given: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((known) => known === given)
  if (choice === undefined) throw new UsageError(`--${option} must be one of ${choices.join(', ')}`)
  return choice
}

function readAnnotations(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new UsageError(`--annotate ${pair} must look like jobcap.dev/cap-usd=500.00`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
