import { expect } from 'chai'
import { CliStage, job, needsPodNetwork } from './stage.ts'

const JOB_UID = /"job\.started".*?"jobUid":"([0-9a-f-]+)"/

describe('jobcap run --continue, refused', function () {
  this.timeout(240_000)
  let stage: CliStage
  beforeEach(async () => {
    stage = await CliStage.open()
  })
  afterEach(() => stage.close())

  /** The last lines of a run that the issuer refused, and nothing charged by it. */
  async function refusal(args: readonly string[]): Promise<string> {
    const before = stage.charges
    const run = stage.startRun(args)
    expect(await run.ended, run.all).to.equal(1)
    expect(stage.charges).to.equal(before)
    return run.out.trim().split('\n').slice(-3).join('\n')
  }

  it('says in the last lines that there is no such run', async () => {
    expect(await refusal(['--continue', 'nobody'])).to.match(
      /stopped {2}There is no run of a Job "nobody" in namespace billing\. \(continue_unknown, jobcap-issuer\)\nGive the name or UID of an earlier Job/,
    )
  })

  it('says that the run is of another namespace', async () => {
    const first = stage.startRun(['--json'])
    const [, uid = ''] = await first.saw(JOB_UID)
    expect(await first.ended).to.equal(0)
    stage.write('other.yaml', job({ namespace: 'other' }))
    expect(await refusal(['-f', 'other.yaml', '--continue', uid])).to.match(/namespace.*\(continue_/)
  })

  it('says that the run was revoked, and gives no command to go on', async () => {
    const first = stage.startRun(['--json'])
    const [, keyId = ''] = await first.saw(/"keyId":"(key_\w+)"/)
    expect(await first.ended).to.equal(0)
    const revoked = await stage.ask('keys', 'revoke', keyId)
    expect(revoked.out).to.equal(`${keyId} is revoked. Admitted before and still in flight: 0\n`)
    const told = await refusal(['--continue', 'bill'])
    expect(told).to.match(/stopped .*\(continue_revoked, jobcap-issuer\)/)
    expect(told).not.to.include('jobcap run')
  })

  it('says that the run still runs; the second command shares the first one’s ledger', async function () {
    await needsPodNetwork.call(this)
    await stage.control.hold({ count: 1 })
    const first = stage.startRun(['--json'])
    const [, uid = ''] = await first.saw(JOB_UID)
    const held = await stage.control.nextHeld()
    expect(await refusal(['--continue', uid])).to.match(/Job bill of the run still lives\. \(continue_running/)
    await stage.control.release(held.id)
    expect(await first.ended, first.all).to.equal(0)
  })
})

describe('two jobcap runs', function () {
  this.timeout(240_000)
  let stage: CliStage
  before(needsPodNetwork)
  beforeEach(async () => {
    stage = await CliStage.open()
  })
  afterEach(() => stage.close())

  it('on one state folder share a ledger, and the second one keeps it when the first one ends', async () => {
    await stage.control.hold({ count: 2 })
    const first = stage.startRun(['--json'])
    const heldFirst = await stage.control.nextHeld()
    const second = stage.startRun(['--json'])
    const heldSecond = await stage.control.nextHeld()
    expect(second.out).not.to.include('ledger.started')
    await stage.control.release(heldFirst.id)
    expect(await first.ended, first.all).to.equal(0)
    await second.saw(/"event":"ledger\.started"/)
    await stage.control.release(heldSecond.id)
    expect(await second.ended, second.all).to.equal(0)
    expect(stage.charges).to.equal(2)
  })

  it('on one state folder do not share a ledger when their policies differ: the second one is told so', async () => {
    await stage.control.hold({ count: 1 })
    const first = stage.startRun()
    const held = await stage.control.nextHeld()
    stage.write('other.yaml', stage.policy())
    const second = stage.start(['run', '-f', 'job.yaml', '--policy', 'other.yaml', '--state', 'state'])
    expect(await second.ended).to.equal(69)
    expect(second.err).to.match(/another command's ledger serves .*policy\.yaml .*: give the same, or another --state/)
    await stage.control.release(held.id)
    expect(await first.ended, first.all).to.equal(0)
  })

  it('on one state folder both run when they start at the same moment', async () => {
    const runs = [stage.startRun(), stage.startRun()]
    for (const run of runs) expect(await run.ended, run.all).to.equal(0)
    expect(stage.charges).to.equal(2)
  })

  it("on one ledger, from two state folders, leave each other's Jobs alone, and do not look for secrets that are the ledger's", async () => {
    stage.write('job.yaml', job({ command: 'command: [node, charge.mjs, "2"]' }))
    await stage.control.hold({ count: 1 })
    const first = stage.startRun()
    const held = await stage.control.nextHeld()
    stage.write('other.yaml', job({ name: 'other' }))
    const named = ['--ledger', `unix:${stage.state}/socket/ledger.sock`, '--state', 'elsewhere']
    const files = ['--token-file', 'state/ledger/operator-token', '--pod-token-key', 'state/ledger/pod-token-key']
    const second = stage.start(['run', '-f', 'other.yaml', '--policy', 'policy.yaml', ...named, ...files])
    expect(await second.ended, second.all).to.equal(0)
    expect(second.all).not.to.include('secret')
    await stage.control.release(held.id)
    expect(await first.ended, first.all).to.equal(0)
    expect(stage.charges).to.equal(3)
  })
})
