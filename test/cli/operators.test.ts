import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { type CommandRun, MAIN } from './command-run.ts'
import { CliStage, job } from './stage.ts'

/** For a policy: vendors of one price that take no repeat. */
const vendors = (port: number, ...names: string[]) =>
  names
    .map(
      (name) => `  - name: ${name}
    type: generic
    baseUrl: http://127.0.0.1:${port}
    secretRef: {name: ${name}, key: token}
    auth: {header: X-Api-Key}
    idempotency: never
    routes: [{match: "POST /v1/lookup", usd: "0.01"}]
    allowedEndpoints: ["POST /v1/lookup"]
`,
    )
    .join('')
const LOOK = `
const answer = await fetch('http://localhost:8080/geocode/v1/lookup', { method: 'POST', body: '{"address":"x"}' })
console.log('told', (await answer.json()).code)
process.exitCode = 1
`

describe('what operators ask of the ledger of a state folder', function () {
  this.timeout(240_000)
  let stage: CliStage
  let ledger: CommandRun
  before(async () => {
    stage = await CliStage.open()
    const run = stage.startRun()
    expect(await run.ended, run.all).to.equal(0)
    const files = ['--policy', 'policy.yaml', '--secrets', 'secrets', '--store', 'sqlite:state/ledger/ledger.db']
    const listen = ['--state', 'state/ledger', '--listen', 'unix:state/socket/ledger.sock']
    ledger = stage.start(['ledger', ...files, ...listen])
    await ledger.saw(/^\{"ready":true/m)
  })
  after(async () => {
    ledger.signal('SIGINT')
    const code = await ledger.ended
    await stage.close()
    expect(code, ledger.all).to.equal(0)
  })

  it('lists keys as a table, and as JSON', async () => {
    const { out, code } = await stage.ask('keys', 'list')
    expect(code).to.equal(0)
    expect(out).to.match(/^key +label +status +cap +cap a day +spent +reserved\n─/)
    expect(out).to.match(/\nkey_\w+ {2}billing\/bill {2}ended +\$10\.00 +– +\$4\.00 +\$0\.00\n$/)
    const [key] = JSON.parse((await stage.ask('keys', 'list', '--json', '--label', 'billing/bill')).out) as object[]
    expect(key).to.include({ spent_usd: '4.00', status: 'ended' })
  })

  it('makes a key, raises it, takes its cap away, and revokes it', async () => {
    const made = await stage.ask('keys', 'create', '--vendor', 'stripe', '--cap-usd', '5', '--label', 'try', '--json')
    const { key_id, vault_key } = JSON.parse(made.out) as { key_id: string; vault_key: string }
    expect(vault_key).to.be.a('string')
    expect((await stage.ask('keys', 'raise', key_id, '--cap-usd', '7.5')).out).to.include('$7.50')
    const open = await stage.ask('keys', 'raise', key_id, '--cap-usd', 'none', '--json')
    expect(JSON.parse(open.out)).to.include({ usd_cap: null, limits_set_by_person: true })
    expect(JSON.parse((await stage.ask('keys', 'revoke', key_id, '--json')).out)).to.include({ status: 'revoked' })
    const late = await stage.ask('keys', 'raise', key_id, '--cap-usd', '9')
    expect([late.code, late.out]).to.deep.equal([1, ''])
    expect(late.err).to.include(
      `${key_id} is revoked, so nothing may be spent under it, whatever its caps. Make a new key`,
    )
  })

  const REFUSED: readonly (readonly [args: string, says: RegExp])[] = [
    ['keys revoke key_nobody', /no vault key with this id\. \(key_unknown\)\n {2}Way out: List the keys/],
    ['keys create --vendor twilio', /\(vendor_unknown\)\n {2}Way out: /],
    ['keys create --vendor stripe --policy x', /\(policy_missing\)/],
    ['keys create --vendor stripe --expires-in soon', /expires_in.*\(request_malformed\)/],
    ['calls resolve call_nobody --no-effect', /call_nobody|no call/],
  ]
  for (const [args, says] of REFUSED) {
    it(`exits 1 with the ledger's sentence and the way out: jobcap ${args}`, async () => {
      const { code, out, err } = await stage.ask(...args.split(' '))
      expect([code, out], err).to.deep.equal([1, ''])
      expect(err).to.match(says)
      expect(err).not.to.match(/\n {4}at /)
    })
  }

  it('prints the record for people, and its numbers without gaps for machines', async () => {
    const { out } = await stage.ask('audit', '--limit', '4')
    expect(out).to.match(/ {5}1 {2}\S+Z {2}billing\/bill {2}run\.opened\n/)
    expect(out).to.match(/bill-0-\w+ {2}call\.reserved {2}stripe POST \/v1\/payment_intents call_\w+ \$4\.00\n/)
    const lines = (await stage.ask('audit', '--json')).out.trim().split('\n')
    const numbers = lines.map((line) => (JSON.parse(line) as { seq: number }).seq)
    expect(numbers).to.deep.equal(numbers.map((_, at) => at + 1))
  })

  it('filters the record', async () => {
    const none = await stage.ask('audit', '--run', 'mistyped')
    expect([none.code, none.out, none.err]).to.deep.equal([0, '', 'jobcap audit: no event on the record is of these\n'])
    expect((await stage.ask('audit', '--to', '2020-01-01')).out).to.equal('')
    expect((await stage.ask('audit', '--label', 'billing/bill', '--cursor', '1', '--limit', '1')).out).to.match(/^ +2 /)
  })

  it('says that a ledger which was asked under https speaks http', async () => {
    const plain = createServer((_, response) => response.end('{}'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    try {
      const at = `127.0.0.1:${(plain.address() as AddressInfo).port}`
      const token = ['--token-file', 'state/ledger/operator-token']
      const asked = stage.start(['keys', 'list', '--ledger', `https://${at}`, ...token])
      expect(await asked.ended, asked.all).to.equal(69)
      expect(asked.err).to.equal(
        `jobcap keys list: https://${at}: the ledger there speaks plain http, not https: give --ledger http://${at}\n`,
      )
    } finally {
      plain.close()
    }
  })

  it('ends without a word when nobody reads any more', async () => {
    const script = `"${process.execPath}" "${MAIN}" audit --json --state state | head -c 1`
    const pipe = stage.start(['-c', script], { command: ['sh'] })
    expect([await pipe.ended, pipe.all]).to.deep.equal([0, '{'])
  })
})

describe('jobcap doctor', function () {
  this.timeout(240_000)
  let stage: CliStage
  beforeEach(async () => {
    stage = await CliStage.open()
  })
  afterEach(() => stage.close())

  it('exits 0 when nothing needs a person', async () => {
    await stage.startRun().ended
    const { code, out, err } = await stage.ask('doctor')
    expect([code, out], err).to.deep.equal([0, 'Nothing needs a person.\n'])
  })

  it('names open folders, secrets that are not there, and for a call in doubt the commands that resolve it', async () => {
    const careless = createServer((request) => request.socket.destroy())
    await new Promise<void>((resolve) => careless.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = careless.address() as AddressInfo
      stage.write('policy.yaml', stage.policy() + vendors(port, 'geocode', 'weather'))
      stage.write('secrets/geocode/token', 'geo_x')
      stage.write('look.mjs', LOOK)
      stage.write('job.yaml', job({ command: 'command: [node, look.mjs]' }))
      const run = stage.startRun()
      expect(await run.ended, run.all).to.equal(1)
      expect(run.out).to.match(/told outcome_unknown\n[^]*1 IN DOUBT: their money stays reserved, see jobcap doctor/)
      expect(run.out).to.match(
        /\nA call is in doubt\. Say first what became of .*:\n {2}jobcap doctor --state state\nTo go on .*:\n {2}jobcap run -f/,
      )
    } finally {
      careless.close()
    }
    chmodSync(join(stage.folder, 'secrets'), 0o755)
    const { code, out, err } = await stage.ask('doctor')
    expect(code, err).to.equal(1)
    expect(out).to.include(
      `- ${stage.folder}/secrets is open to others than its owner.\n  chmod 700 ${stage.folder}/secrets\n`,
    )
    expect(out).to.match(
      /- The secret of vendor weather of policy default is not there\.\n {2}Put it into .*\/weather\/token, or/,
    )
    expect(out).to.match(
      /- call_\w+ \(geocode POST \/v1\/lookup, bill-0-\w+\) may have taken effect: .* \$0\.01 is held\./,
    )
    expect(out, 'geocode takes no key').to.match(
      /^ {2}Look for the call, sent \d{4}-\S+Z without an idempotency key, at geocode, then run one of:$/m,
    )
    const [, command = ''] = /^ {2}jobcap (calls resolve .* --no-effect)$/m.exec(out) ?? expect.fail(out)
    const resolving = stage.start(command.split(' '))
    expect(await resolving.ended, resolving.all).to.equal(0)
    expect(resolving.out).to.match(/^call_\w+ is released: \$0\.00 spent\n$/)
    expect((await stage.ask('doctor')).out).not.to.include('call_')
  })

  it('names the policy that living runs wait for', async () => {
    stage.write('wait.mjs', "console.log('waits'); setInterval(() => {}, 1e6)")
    stage.write('job.yaml', job({ command: 'command: [node, wait.mjs]' }))
    const run = stage.startRun()
    await run.saw(/waits/)
    run.signal('SIGKILL')
    await run.ended
    stage.write('policy.yaml', stage.policy().replace('name: default', 'name: another'))
    const { code, out, err } = await stage.ask('doctor')
    expect(code, err).to.equal(1)
    expect(out).to.match(
      /- There is no policy default, so nothing is paid for 1 living run under it, such as Job bill in namespace \w+\.\n {2}Create it again/,
    )
  })

  it('exits 69 and says why when the ledger cannot start', async () => {
    await stage.startRun().ended
    rmSync(join(stage.folder, 'policy.yaml'))
    const { code, err } = await stage.ask('doctor')
    expect(code).to.equal(69)
    expect(err).to.match(/the ledger of .* does not start: policy: .*policy\.yaml cannot be read/)
  })
})
