import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readConfig } from '../../ledger/config.ts'
import { ask, failure, gist, payment } from './call.ts'
import { type Rig, startRig } from './rig.ts'

/** Self-signed for 127.0.0.1, until 2126. */
const TLS = join(import.meta.dirname, 'fixtures')
const CERTIFICATE = join(TLS, 'cert.pem')
const USUAL = ['--policy', 'p.yaml', '--store', 'sqlite:/x/ledger.db', '--state', '/x/state']

describe('the start of a ledger', () => {
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(() => rig.stop())

  const BAD: readonly (readonly [readonly string[], RegExp])[] = [
    [['--store', 'sqlite:x', '--state', 's'], /--policy: missing: without a policy nothing is allowed/],
    [['--policy', 'p', '--state', 's'], /--store: missing/],
    [['--policy', 'p', '--store', 'mysql:x', '--state', 's'], /--store: the store is sqlite:PATH or redis:/],
    [['--policy', 'p', '--store', 'redis:x', '--state', 's'], /--store: not an address of a Redis/],
    [['--policy', 'p', '--store', 'redis://h:0', '--state', 's'], /--store: "h:0" is not HOST:PORT/],
    [
      ['--policy', 'p', '--store', 'redis://u:secret@h', '--state', 's'],
      /--store: a password in the address would show/,
    ],
    [
      ['--policy', 'p', '--store', 'redis+sentinel://a,b', '--state', 's'],
      /--store: the name of the master is missing/,
    ],
    [['--policy', 'p', '--store', 'redis+cluster://a,b/1', '--state', 's'], /--store: a Redis Cluster has only/],
    [['--policy', 'p', '--store', 'redis://a,b', '--state', 's'], /--store: one Redis has one HOST:PORT/],
    [['--policy', 'p', '--store', 'redis://h', '--state', 's', '--restored'], /--restored: is for SQLite/],
    [[...USUAL, '--initialise'], /--initialise: is for Redis/],
    [['--policy', 'p', '--store', 'sqlite:x'], /--state: missing/],
    [[...USUAL, '--listen', '8081'], /--listen: "8081" is not HOST:PORT/],
    [[...USUAL, '--listen', '127.0.0.1:70000'], /--listen/],
    [[...USUAL, '--tls-cert', 'c.pem'], /tls-cert and tls-key go together/],
    [[...USUAL, '--vendor-deadline-ms', '1s'], /--vendor-deadline-ms: whole milliseconds/],
    [[...USUAL, '--stor', 'x'], /--stor/],
  ]
  for (const [flags, says] of BAD) {
    it(`refuses ${flags.join(' ')}`, () => {
      expect(() => readConfig(flags, {})).to.throw(says)
    })
  }

  it('takes settings from the environment, and a flag wins', () => {
    const environment = {
      JOBCAP_LEDGER_POLICY: 'env.yaml',
      JOBCAP_LEDGER_SECRETS: '/s',
      JOBCAP_LEDGER_LISTEN: '[::1]:1',
    }
    const config = readConfig(USUAL, environment)
    expect(config).to.deep.include({ policyFile: 'p.yaml', secretsFolder: '/s', listen: [{ host: '::1', port: 1 }] })
  })

  it('without a policy file it does not start, and names the file', async () => {
    const fault = await failure(rig.startLedger(['--policy', 'nowhere.yaml']))
    expect(fault).to.match(/nowhere\.yaml cannot be read \(ENOENT\)/)
  })

  it('with a broken policy it does not start, and names line and column', async () => {
    rig.writePolicy('apiVersion: jobcap.dev/v1alpha1\nkind: CapPolicy\nmetadata: {name: default}\nspec: {caps: 5}\n')
    const fault = await failure(rig.startLedger())
    expect(fault).to.match(/policy\.yaml:4:\d+: spec\.caps/)
  })
})

describe('a ledger with a certificate', () => {
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(() => rig.stop())

  it('serves TLS, and a client that does not trust the certificate gets nothing', async () => {
    const ledger = await rig.startLedger(['--tls-cert', CERTIFICATE, '--tls-key', join(TLS, 'key.pem')])
    expect(ledger.address).to.match(/^https:/)
    const caPem = readFileSync(CERTIFICATE, 'utf8')
    const token = readFileSync(join(rig.folder, 'state/operator-token'), 'utf8').trim()
    const made = await ask(ledger.address, { path: '/vault/keys', key: token, body: '{"vendor":"stripe"}', caPem })
    const told = await ask(ledger.address, { ...payment(JSON.parse(made.text).vault_key, 'k'), caPem })
    expect(gist(told)).to.equal('200')
    const untrusting = await failure(ask(ledger.address, { method: 'GET', path: '/healthz' }))
    expect(untrusting).to.match(/self.signed/i)
  })
})
