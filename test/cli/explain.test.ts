import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { parse } from 'yaml'
import { explainCommand } from '../../cli/explain/command.ts'
import { type ExplainOptions, explain } from '../../cli/explain/explain.ts'
import { diffLines, hunks } from '../../cli/explain/line-diff.ts'
import { DEFAULT_RESOURCES } from '../../webhook/plan.ts'
import { policyWith } from '../policy/example.ts'

const OPTIONS: ExplainOptions = {
  policies: [policyWith()],
  settings: {
    image: 'jobcap',
    imagePullPolicy: null,
    ledgerUrl: 'https://ledger',
    ledgerCaPem: null,
    resources: DEFAULT_RESOURCES,
  },
  output: 'text',
  isColoured: false,
}

const job = (name: string, pod = 'restartPolicy: Never', annotations = '{}') => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}, namespace: billing, annotations: ${annotations}}
spec:
  completions: 2
  template:
    spec:
      ${pod}
      containers:
      - {name: app, image: billing:1, command: [node, charge.js]}
`
const run = (text: string, options: Partial<ExplainOptions> = {}) =>
  explain([{ name: 'job.yaml', text }], { ...OPTIONS, ...options })

describe('jobcap explain', () => {
  it('shows verdict, reasons and difference of a Job that would be injected', () => {
    const { out, err, exitCode } = run(job('nightly'))
    expect(exitCode).to.equal(0)
    expect(err).to.equal('')
    expect(out).to.match(/^Job billing\/nightly: would be injected \(policy default\)\n/)
    expect(out).to.include('  spec.completionMode [made_indexed]\n    Indexed completion, so that')
    expect(out).to.match(/^ {2}\+ {3}completionMode: Indexed$/m)
    expect(out).to.match(/^ {2}\+ {7}initContainers:$/m)
  })

  it('warns, and exits 0 all the same', () => {
    const { out, exitCode } = run(job('nightly', 'restartPolicy: OnFailure'))
    expect(exitCode).to.equal(0)
    expect(out).to.match(/^ {2}warning \[emptydir_lost\] restartPolicy is now Never/m)
    expect(out).to.match(/^ {2}- {7}restartPolicy: OnFailure$/m)
    expect(out).to.match(/^ {2}\+ {7}restartPolicy: Never$/m)
  })

  it('exits 1 when one of several Jobs would be refused, with the way out', () => {
    const { out, exitCode } = run(`${job('a')}---\n${job('b', 'hostNetwork: true')}---\n${job('c')}`)
    expect(exitCode).to.equal(1)
    expect(out).to.include('Job billing/b: would be refused [host_network]\n')
    expect(out).to.include('  way out: Set hostNetwork to false.\n')
    expect(out).to.include('Job billing/c: would be injected')
  })

  it('names the figure that would be accepted when a Job asks for too much', () => {
    const { out, exitCode } = run(job('a', 'restartPolicy: Never', '{jobcap.dev/cap-usd: "20000.01"}'))
    expect(exitCode).to.equal(1)
    expect(out).to.include('at most "20000.00" is accepted')
  })

  it('exits 0 for a Job of a namespace without injection, and says why it is left alone', () => {
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: billing}\n---\n'
    const { out, exitCode } = run(namespace + job('a'))
    expect(exitCode).to.equal(0)
    expect(out).to.include('would be left as it is [namespace_not_enabled]')
    expect(out).not.to.include('taken as labelled')
  })

  it('says so when it takes the namespace as labelled', () => {
    expect(run(job('a')).out).to.include('namespace billing is not in the file; taken as labelled')
  })

  it('says that an injected Job was injected already', () => {
    const { workloads } = JSON.parse(run(job('a'), { output: 'json' }).out) as { workloads: { job: unknown }[] }
    const { out } = run(JSON.stringify(workloads[0]?.job))
    expect(out).to.match(/^Job billing\/a: injected already \(policy default\)\n/)
    expect(out).not.to.include('@@')
  })

  it('plans the Job that a CronJob would make', () => {
    const template = parse(job('x')) as { spec: unknown }
    const cronJob = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: 'billing' },
      spec: { schedule: '0 2 * * *', jobTemplate: { spec: template.spec } },
    }
    const { out, exitCode } = run(JSON.stringify(cronJob))
    expect(exitCode).to.equal(0)
    expect(out).to.match(/^CronJob billing\/nightly: would be injected/)
    expect(out).to.include('warning [concurrency_allowed]')
  })

  it('gives the same facts as JSON and YAML', () => {
    const text = `${job('a')}---\n${job('b', 'hostPID: true')}`
    const asJson = JSON.parse(run(text, { output: 'json' }).out) as { workloads: Record<string, unknown>[] }
    expect(parse(run(text, { output: 'yaml' }).out)).to.deep.equal(asJson)
    expect(asJson.workloads[0]).to.include({ kind: 'Job', name: 'a', file: 'job.yaml', line: 1, outcome: 'inject' })
    expect(asJson.workloads[0]).to.include.keys('patch', 'job', 'changes', 'warnings', 'policy')
    expect(asJson.workloads[1]).to.include({ outcome: 'refuse', code: 'host_pid', way_out: 'Set hostPID to false.' })
  })

  it('colours for a terminal, and the colours are all that differs', () => {
    const coloured = run(job('nightly'), { isColoured: true }).out
    expect(coloured).to.include('\u001b[32m')
    expect(stripVTControlCharacters(coloured)).to.equal(run(job('nightly')).out)
  })

  const BAD: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
    ['broken YAML', 'kind: Job\nmetadata: [a\nb: c', /^job\.yaml:\d+:\d+: /],
    ['no Job', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n', /^job\.yaml: there is no Job/],
    [
      'two Jobs of one name',
      `${job('a')}---\n${job('a')}`,
      /^job\.yaml:12: Job\/a in namespace billing is there twice/,
    ],
    ['a document that is no object', '- 1\n', /^job\.yaml:1: /],
  ]
  for (const [name, text, problem] of BAD) {
    it(`exits 2 for ${name}, says where, and prints nothing else`, () => {
      const { out, err, exitCode } = run(text)
      expect({ out, exitCode }).to.deep.equal({ out: '', exitCode: 2 })
      expect(err).to.match(problem)
    })
  }
})

describe('jobcap explain, the command', () => {
  const GOLDENS = join(import.meta.dirname, '../webhook')
  const call = async (values: Record<string, string | string[]>) => {
    const printed = { out: '', err: '' }
    const terminal = {
      isInteractive: false,
      columns: 80,
      out: (text: string) => {
        printed.out += text
      },
      err: (text: string) => {
        printed.err += text
      },
    }
    const exitCode = await explainCommand.run(values, [], { terminal, environment: {} } as never)
    return { ...printed, exitCode }
  }

  it('reads manifests and policies from files', async () => {
    const file = join(GOLDENS, 'goldens/plain/job.yaml')
    const { out, exitCode } = await call({ file: [file], policy: [join(GOLDENS, 'policies.yaml')] })
    expect(exitCode).to.equal(0)
    expect(out).to.match(/^Job billing\/billing: would be injected/)
    expect(readFileSync(file, 'utf8')).to.include('kind: Job')
  })

  const MISUSED: readonly (readonly [name: string, values: Record<string, string | string[]>, message: RegExp])[] = [
    [
      'a file that is not there',
      { file: ['/nowhere.yaml'], policy: ['/nowhere.yaml'] },
      /\/nowhere\.yaml is not there/,
    ],
    ['no file', { policy: ['x'] }, /--file is missing/],
    ['another format', { output: 'xml' }, /--output must be one of text, json, yaml/],
    [
      'the same policies twice',
      {
        file: [join(GOLDENS, 'policies.yaml')],
        policy: [join(GOLDENS, 'policies.yaml'), join(GOLDENS, 'policies.yaml')],
      },
      /two policies are named `default`/,
    ],
    [
      'a file that is no policy',
      { file: [join(GOLDENS, 'policies.yaml')], policy: [join(GOLDENS, 'goldens/plain/job.yaml')] },
      /job\.yaml:\d+:\d+: kind: /,
    ],
  ]
  for (const [name, values, message] of MISUSED) {
    it(`refuses ${name}`, async () => {
      const fault = await Promise.resolve()
        .then(() => call(values))
        .catch((thrown: unknown) => thrown)
      expect(fault).to.be.an('error').with.property('message').that.matches(message)
    })
  }
})

describe('line difference', () => {
  const shown = (before: string, after: string) =>
    diffLines(before, after)
      .map(({ kind, text }) => ({ same: ' ', added: '+', removed: '-' })[kind] + text)
      .join(' ')

  it('keeps what both have and says where the rest belongs', () => {
    expect(shown('a\nb\nc', 'a\nx\nc')).to.equal(' a -b +x  c')
    expect(shown('a\nb', 'n\na\nb')).to.equal('+n  a  b')
    expect(shown('a\nb\nc', 'a\nc')).to.equal(' a -b  c')
    expect(shown('a', 'a')).to.equal(' a')
  })

  it('shows only what lies near a change', () => {
    const lines = diffLines('1\n2\n3\n4\n5\n6\n7\n8', '1\n2\n3x\n4\n5\n6\n7\n8x')
    expect(hunks(lines, 1).map((hunk) => hunk.map(({ text }) => text).join(','))).to.deep.equal(['2,3,3x,4', '7,8,8x'])
  })
})
