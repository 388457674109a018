import { readFileSync } from 'node:fs'
import type { Policy } from '../../policy/policy.ts'
import { formatPolicyProblem, parsePolicies } from '../../policy/policy-file.ts'
import { DEFAULT_RESOURCES } from '../../webhook/plan.ts'
import { type Command, text, UsageError, type Values } from '../command.ts'
import { explain, type SourceFile } from './explain.ts'

const STANDARD_INPUT = 0
const OUTPUTS = ['text', 'json', 'yaml'] as const

export const explainCommand: Command = {
  name: 'explain',
  summary: 'say what admission would do with the Jobs of a manifest, and why',
  usage: '-f FILE [-f FILE …] --policy FILE [-o text|json|yaml]',
  options: {
    file: { type: 'string', short: 'f', multiple: true, value: 'FILE', help: 'manifest; - reads standard input' },
    policy: { type: 'string', multiple: true, value: 'FILE', help: 'file with one or more CapPolicy documents' },
    output: { type: 'string', short: 'o', value: 'FORMAT', help: 'text (default), json or yaml' },
    image: { type: 'string', value: 'IMAGE', help: 'image of issuer and proxy, as it is to be shown (default jobcap)' },
    'ledger-url': { type: 'string', value: 'URL', help: 'ledger, as it is to be shown' },
  },
  examples: [
    ['jobcap explain -f job.yaml --policy policy.yaml', 'show the verdict, the reasons and the difference'],
    ['kubectl get job billing -o yaml | jobcap explain -f - --policy policy.yaml', 'ask about a Job of a cluster'],
    ["jobcap explain -f job.yaml --policy policy.yaml -o json | jq '.workloads[].outcome'", 'ask in a script'],
  ],
  run(values, _positionals, { terminal, environment }) {
    const output = OUTPUTS.find((known) => known === (text(values, 'output') ?? 'text'))
    if (output === undefined) throw new UsageError(`--output must be one of ${OUTPUTS.join(', ')}`)
    const explained = explain(list(values, 'file').map(read), {
      policies: readPolicies(list(values, 'policy').map(read)),
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

function readPolicies(files: readonly SourceFile[]): Policy[] {
  const policies: Policy[] = []
  for (const { name, text: content } of files) {
    const result = parsePolicies(content, name)
    if ('problems' in result) throw new UsageError(`\n${result.problems.map(formatPolicyProblem).join('\n')}`)
    const twice = result.policies.find((policy) => policies.some((other) => other.name === policy.name))
    if (twice !== undefined) throw new UsageError(`${name}: two policies are named \`${twice.name}\``)
    policies.push(...result.policies)
  }
  return policies
}

function read(name: string): SourceFile {
  try {
    return {
      name: name === '-' ? 'standard input' : name,
      text: readFileSync(name === '-' ? STANDARD_INPUT : name, 'utf8'),
    }
  } catch (fault) {
    throw new UsageError(`${name} cannot be read: ${(fault as Error).message}`)
  }
}

function list(values: Values, name: string): string[] {
  const value = values[name]
  const texts = Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
  if (texts.length === 0) throw new UsageError(`--${name} is missing`)
  return texts
}
