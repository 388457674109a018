import { createServer } from 'node:net'
import { expect } from 'chai'
import { CliStage, job } from './stage.ts'

interface Bad {
  readonly name: string
  /** Written over the stage's. */
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Instead of the usual arguments. */
  readonly whole?: readonly string[]
  readonly code: number
  readonly says: RegExp
}

const VOLUME = 'volumes: [{name: disk, hostPath: {path: /etc}}]'
const BAD: readonly Bad[] = [
  { name: 'no manifest', whole: ['run'], code: 2, says: /--file is missing/ },
  { name: 'no policy', whole: ['run', '-f', 'job.yaml'], code: 2, says: /--policy is missing/ },
  {
    name: 'a policy that is not there',
    whole: ['run', '-f', 'job.yaml', '--policy', 'x.yaml'],
    code: 2,
    says: /x\.yaml is not there/,
  },
  { name: 'a folder for a manifest', args: ['-f', 'secrets'], code: 2, says: /secrets is a folder, not a file/ },
  {
    name: 'a policy with an unknown field',
    files: {
      'policy.yaml': 'apiVersion: jobcap.dev/v1alpha1\nkind: CapPolicy\nmetadata: {name: a}\nspec:\n  capz: {}\n',
    },
    code: 2,
    says: /policy\.yaml:5:3: spec\.capz: /,
  },
  {
    name: 'broken YAML',
    files: { 'job.yaml': 'kind: Job\nmetadata: {name: "a}\n' },
    code: 2,
    says: /job\.yaml:\d+:\d+: /,
  },
  {
    name: 'a manifest with no Job',
    files: { 'job.yaml': 'kind: ConfigMap\nmetadata: {name: a}\n' },
    code: 2,
    says: /job\.yaml: there is no Job and no CronJob in this file/,
  },
  {
    name: 'two documents of the same name',
    files: { 'job.yaml': `${job()}---\n${job()}` },
    code: 2,
    says: /job\.yaml:\d+: Job\/bill in namespace billing is there twice \(first on line 1\)/,
  },
  {
    name: 'a ledger that Pods could not reach',
    args: ['--ledger', 'http://127.0.0.1:8081'],
    code: 2,
    says: /must be unix:\/PATH: local Pods have networks of their own/,
  },
  {
    name: 'a ledger without its operator token',
    args: ['--ledger', 'unix:/tmp/nobody.sock'],
    code: 2,
    says: /--ledger needs --token-file: the file operator-token/,
  },
  {
    name: 'a key for Pod tokens that is none',
    files: { token: 'abc', key: 'short' },
    args: ['--ledger', 'unix:/tmp/nobody.sock', '--token-file', 'token', '--pod-token-key', 'key'],
    code: 2,
    says: /key does not hold a key of 64 hex digits/,
  },
  { name: 'a name that no Job has', args: ['--name', 'x'], code: 2, says: /no Job or CronJob named x; there is: bill/ },
  {
    name: 'a container without a command',
    files: { 'job.yaml': job({ command: 'args: [x]' }) },
    code: 2,
    says: /containers\[app\]\.command is missing/,
  },
  { name: 'a volume that is not supported', files: { 'job.yaml': job({ pod: VOLUME }) }, code: 2, says: /hostPath/ },
  {
    name: 'a Job that admission refuses',
    files: { 'job.yaml': job({ pod: 'hostNetwork: true' }) },
    code: 1,
    says: /refused: .*\(host_network\)\n  Way out: Set hostNetwork to false/,
  },
  {
    name: 'more money than the policy allows',
    args: ['--annotate', 'jobcap.dev/cap-usd=100.01'],
    code: 1,
    says: /refused: .*at most "100\.00" is accepted/,
  },
  {
    name: 'an annotation of ours that there is not',
    args: ['--annotate', 'jobcap.dev/cap=5'],
    code: 2,
    says: /--annotate jobcap\.dev\/cap is not known; there are jobcap\.dev\/cap-usd/,
  },
  { name: 'an annotation without a value', args: ['--annotate', 'x'], code: 2, says: /--annotate x must look like/ },
  {
    name: 'a state folder that is a file',
    args: ['--state', 'job.yaml'],
    whole: ['run', '-f', 'job.yaml', '--policy', 'policy.yaml', '--state', 'job.yaml'],
    code: 2,
    says: /the state folder .*job\.yaml cannot be used/,
  },
  {
    name: 'secrets that are not there',
    whole: ['run', '-f', 'job.yaml', '--policy', 'policy.yaml', '--secrets', 'x'],
    code: 2,
    says: /--secrets .*\/x is not there/,
  },
  {
    name: 'an isolation that there is not',
    args: ['--isolation', 'vm'],
    code: 2,
    says: /--isolation must be one of root, user, none, not vm/,
  },
]

describe('jobcap run, given bad input', function () {
  this.timeout(120_000)
  let stage: CliStage
  before(async () => {
    stage = await CliStage.open()
  })
  after(() => stage.close())

  for (const { name, files = {}, args = [], whole, code, says } of BAD) {
    it(`exits ${code} and says what is wrong: ${name}`, async () => {
      stage.write('job.yaml', job())
      stage.write('policy.yaml', stage.policy())
      for (const [file, text] of Object.entries(files)) stage.write(file, text)
      const run = whole === undefined ? stage.startRun(args) : stage.start(whole)
      expect([await run.ended, run.out], run.all).to.deep.equal([code, ''])
      expect(run.err).to.match(says)
      expect(run.err).not.to.match(/\n {4}at |node:internal/)
    })
  }

  it('exits 69 when Pods must share 127.0.0.1:8080 and it is taken', async () => {
    stage.write('job.yaml', job())
    const squatter = createServer()
    const isTaken = new Promise<void>((resolve) => {
      squatter.once('error', () => resolve())
      squatter.listen(8080, '127.0.0.1', resolve)
    })
    await isTaken
    try {
      const run = stage.startRun(['--isolation', 'none'])
      expect(await run.ended, run.all).to.equal(69)
      expect(run.err).to.match(/port 8080 of 127\.0\.0\.1 is not free \(EADDRINUSE\).*end what listens there/)
    } finally {
      squatter.close()
    }
  })
})
