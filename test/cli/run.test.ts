import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunEvent } from '../../cli/run/events.ts'
import { skip } from '../../tools/test/skip.ts'
import { untilNoProcess } from '../local/processes.ts'
import { CliStage, job, needsPodNetwork, SECRET } from './stage.ts'

const THREE = 'completionMode: Indexed, completions: 3, parallelism: 1, backoffLimit: 0'
const spec = (flow: string) => flow.replaceAll(', ', '\n  ')
const eventsOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent)

describe('jobcap run', function () {
  this.timeout(240_000)
  let stage: CliStage
  beforeEach(async () => {
    stage = await CliStage.open()
  })
  afterEach(() => stage.close())

  it('tells a person what the app says, how far the Job is, and what it cost; the rest is in the logs', async () => {
    stage.write('job.yaml', job({ spec: spec(THREE).replace('3', '2') }))
    const run = stage.startRun()
    expect(await run.ended, run.all).to.equal(0)
    const told = run.out.replaceAll(/pi_\w+/g, 'PI').replaceAll(/bill-(\d)-\w+/g, 'POD-$1')
    expect(told).to.match(/^job bill started \(uid .+\)\nrun .+ opened, its key is key_\w+\n/m)
    expect(told).to.include('[POD-0 app] charged PI\npod POD-0 Succeeded (1 of 2 completions)\n')
    expect(told).to.match(/ {2}spent {4}\$8\.00 of \$10\.00\n {2}calls {4}2 settled, 0 replayed, 0 refused\n/)
    expect(run.all).not.to.include('"level"')
    const logs = join(stage.state, 'logs')
    expect(readFileSync(join(logs, 'ledger.log'), 'utf8')).to.include('"msg":"pod credential issued"')
    expect(existsSync(join(logs, 'bill'))).to.equal(true)
  })

  it('keeps its state folder to its owner', async () => {
    await stage.startRun().ended
    for (const folder of ['', 'ledger', 'socket', 'jobs']) {
      expect(statSync(join(stage.state, folder)).mode & 0o777, folder).to.equal(0o700)
    }
  })

  it('prints one event a line with --json, the Job first and the summary last', async () => {
    const run = stage.startRun(['--json'])
    expect(await run.ended, run.all).to.equal(0)
    const events = eventsOf(run.out)
    const names = events.map(({ event }) => event)
    // The ledger is asked for it beside the Pod's start, so its place among the Pod's events is open.
    expect(names).to.include('run.opened')
    expect(names.filter((name) => name !== 'run.opened')).to.deep.equal([
      'ledger.started',
      'job.started',
      'pod.started',
      ...['container.started', 'container.started'],
      ...['container.ended', 'container.started'],
      ...['container.ended', 'container.ended', 'pod.ended'],
      'job.ended',
      'summary',
    ])
    expect(events.at(-1)).to.include({ job: 'bill', spentUsd: '4.00', settled: 1, inDoubt: 0, succeeded: 1, failed: 0 })
  })

  it('names a spent cap and the command that goes on, and that command charges only the rest', async () => {
    stage.write('job.yaml', job({ spec: spec(THREE) }))
    const run = stage.startRun()
    expect(await run.ended, run.all).to.equal(1)
    expect(stage.charges).to.equal(2)
    const [, why, command] =
      /stopped +(.+)\nTo go on with the rest [^\n]+\n {2}jobcap (.+)\n$/.exec(run.out) ?? expect.fail(run.out)
    expect(why).to.equal(
      'The run cap of $10.00 had no room for a call: $8.00 is spent and $0.00 is reserved. (cap_exhausted, jobcap-proxy)',
    )
    const args = String(command).split(' ')
    expect(args.slice(-2)).to.deep.equal(['--annotate', 'jobcap.dev/cap-usd=20.00'])
    const next = stage.start(args)
    expect(await next.ended, next.all).to.equal(0)
    expect(next.out).to.match(/ {2}spent {4}\$12\.00 of \$20\.00\n {2}calls {4}1 settled, 2 replayed, 0 refused\n/)
    expect(stage.charges).to.equal(3)
  })

  it('shows that nothing of the secrets folder and the state folder is in the Pod', async function () {
    await needsPodNetwork.call(this)
    const look = `ls ${stage.folder}/secrets/stripe ${stage.state}/ledger; env | grep ${SECRET}; echo looked`
    stage.write('job.yaml', job({ command: `command: [sh, -c, "${look}"]` }))
    const run = stage.startRun()
    expect(await run.ended, run.all).to.equal(0)
    expect(run.out).to.include('app] looked')
    expect(run.all).not.to.match(/api-key|master-key|app\].*sk_test/)
  })

  it('runs without namespaces too, one Pod at a time, with the vendor on a port of its own', async function () {
    stage.write('job.yaml', job({ spec: 'completions: 2' }))
    const run = stage.startRun(['--isolation', 'none'])
    const code = await run.ended
    if (code === 69) skip(this, 'needs port 8080 of this machine')
    expect(code, run.all).to.equal(0)
    expect(run.out).to.include('Pods run one at a time as plain processes on 127.0.0.1')
    expect(stage.charges).to.equal(2)
  })

  it('starts the ledger again at once when it is killed, and loses no call', async () => {
    await stage.control.hold({ count: 1 })
    const run = stage.startRun(['--json'])
    const held = await stage.control.nextHeld()
    const [, pid] = await run.saw(/"ledger\.started","pid":(\d+)/)
    process.kill(Number(pid), 'SIGKILL')
    await run.saw(/ledger\] ended with SIGKILL and is started again/)
    await stage.control.release(held.id)
    expect(await run.ended, run.all).to.equal(0)
    expect(eventsOf(run.out).at(-1)).to.include({ spentUsd: '4.00', settled: 1, inDoubt: 0 })
    expect(stage.charges).to.equal(1)
  })

  for (const { when, before, says } of [
    { when: 'before its first word', before: '', says: 'It had said nothing. Start the command again.' },
    {
      when: 'after a warning',
      before: `console.error('{"level":40,"msg":"slow disk","reason":"9 s"}');`,
      says: 'It said last: slow disk: 9 s (its log: STATE/logs/ledger.log). Start the command again.',
    },
  ]) {
    it(`says what ended a ledger that was killed ${when}, and what to look at`, async () => {
      const killed = `if (process.argv[1].endsWith('ledger/main.ts')) { ${before} process.kill(process.pid, 'SIGKILL') }`
      const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(killed)}`
      const run = stage.startRun([], { environment: { NODE_OPTIONS } })
      expect(await run.ended, run.all).to.equal(69)
      expect(run.err.trim().split('\n').at(-1)?.replaceAll(stage.state, 'STATE')).to.equal(
        'jobcap run: the ledger of STATE/ledger does not start: it was ended by SIGKILL before it was ready, as the kernel ' +
          `does when the machine's memory is full (\`dmesg\` says so). ${says}`,
      )
    })
  }

  it('ends all that it started at Ctrl-C, and says how to go on', async () => {
    await stage.control.hold({ count: 1 })
    const run = stage.startRun()
    const held = await stage.control.nextHeld()
    run.signal('SIGINT')
    await stage.control.release(held.id)
    expect(await run.ended, run.all).to.equal(130)
    expect(run.out).to.match(/job bill interrupted/)
    expect(run.out).to.match(/\n {2}jobcap run -f job\.yaml .* --continue [0-9a-f-]{36}\n$/)
    await untilNoProcess(stage.folder)
  })

  it('lets the call that is out end when its terminal is closed, of which shell and kernel both tell it', async () => {
    await stage.control.hold({ count: 1 })
    const run = stage.startRun()
    const held = await stage.control.nextHeld()
    run.signal('SIGHUP')
    await run.saw(/app\] ended/)
    run.signal('SIGHUP')
    await stage.control.release(held.id)
    expect(await run.ended, run.all).to.equal(130)
    expect(run.out).to.match(/ {2}calls {4}1 settled, 0 replayed, 0 refused\n/)
    await untilNoProcess(stage.folder)
  })

  it('leaves no process when it is killed, and the next run can continue what it left', async () => {
    await stage.control.hold({ count: 1 })
    const run = stage.startRun(['--json'])
    const held = await stage.control.nextHeld()
    run.signal('SIGKILL')
    expect(await run.ended).to.equal(null)
    await untilNoProcess(stage.folder)
    await stage.control.release(held.id)
    const next = stage.startRun(['--continue', 'bill'])
    expect(await next.ended, next.all).to.equal(0)
    expect(stage.charges).to.equal(1)
  })
})
