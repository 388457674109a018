import { DEFAULT_RESOURCES } from '../../webhook/plan.ts'
import { type Command, isSet, list, oneOf, text, type Values } from '../command.ts'
import { UsageError } from '../faults.ts'
import { readPolicies, readSource } from '../files.ts'
import { explain } from './explain.ts'

const OUTPUTS = ['text', 'json', 'yaml'] as const

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say what admission would do with the Jobs of a manifest, and why',
  usage: '-f FILE [-f FILE …] --policy FILE [-o text|json|yaml]',
  options: {
    file: { type: 'string', short: 'f', multiple: true, value: 'FILE', help: 'manifest; - reads standard input' },
    policy: { type: 'string', multiple: true, value: 'FILE', help: 'file with one or more CapPolicy documents' },
    output: { type: 'string', short: 'o', value: 'FORMAT', help: 'text (default), json or yaml' },
    json: { type: 'boolean', help: 'the same as -o json' },
    image: { type: 'string', value: 'IMAGE', help: 'image of issuer and proxy, as it is to be shown (default jobcap)' },
    'ledger-url': { type: 'string', value: 'URL', help: 'ledger, as it is to be shown' },
  },
  examples: [
    ['jobcap explain -f job.yaml --policy policy.yaml', 'show the verdict, the reasons and the difference'],
    ['kubectl get job billing -o yaml | jobcap explain -f - --policy policy.yaml', 'ask about a Job of a cluster'],
    ["jobcap explain -f job.yaml --policy policy.yaml -o json | jq '.workloads[].outcome'", 'ask in a script'],
  ],
  run(values, _words, { terminal, environment }) {
    const output = outputOf(values)
    const explained = explain(given(values, 'file').map(readSource), {
      policies: readPolicies(given(values, 'policy').map(readSource)),
      settings: {
        image: text(values, 'image') ?? 'jobcap',
        imagePullPolicy: null,
        ledgerUrl: text(values, 'ledger-url') ?? 'https://jobcap-ledger.jobcap.svc',
        ledgerCaPem: null,
        resources: DEFAULT_RESOURCES,
      },
      output,
      isColoured: output === 'text' && terminal.isInteractive && environment['NO_COLOR'] === undefined,
    })
    terminal.out(explained.out)
    terminal.err(explained.err)
    return Promise.resolve(explained.exitCode)
  },
}

function outputOf(values: Values): (typeof OUTPUTS)[number] {
  if (!isSet(values, 'json')) return oneOf(values, 'output', { choices: OUTPUTS, fallback: 'text' })
  if (text(values, 'output') !== undefined) throw new UsageError('give --json or --output, not both')
  return 'json'
}

function given(values: Values, name: string): string[] {
  const names = list(values, name)
  if (names.length === 0) throw new UsageError(`--${name} is missing`)
  return names
}
