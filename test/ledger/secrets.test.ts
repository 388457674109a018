import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { Secret } from '../../ledger/effects.ts'
import { createSealer } from '../../ledger/seal.ts'
import { createSecretFiles, variableOf } from '../../ledger/secrets/secret-files.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { ask, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { auditOf, type Rig, STRIPE_SECRET, startRig } from './rig.ts'

describe('secrets of a ledger', () => {
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(() => rig.stop())

  it('no vendor secret, vault key, Pod credential or customer data is in log, database, audit or answers', async () => {
    const ledger = await rig.startLedger(['--log-level', 'debug'])
    const { vault_key } = await ledger.client.createKey({ vendor: 'stripe' })
    const pod = await TestPod.start(rig, ledger)
    const answers = [
      await ask(ledger.address, {
        ...payment(vault_key, 'k'),
        body: 'amount=100&currency=usd&description=for+Ada+Lovelace',
      }),
      await pod.pay('cus_1'),
    ]
    rig.writeSecret('sk_test_another_secret')
    answers.push(await pod.pay('cus_2'))
    rig.writeSecret(STRIPE_SECRET)
    await rig.stripe.control.addFault({ fault: { kind: 'garbage', when: 'after' } })
    answers.push(await pod.pay('cus_3'))
    const record = JSON.stringify(await auditOf(ledger))
    await ledger.drain()
    const files = readdirSync(rig.folder).filter((name) => name.startsWith('ledger.db'))
    expect(files).to.not.deep.equal([])
    const stored = files.map((name) => readFileSync(join(rig.folder, name), 'latin1')).join('')
    const secrets = [STRIPE_SECRET, 'sk_test_another_secret', vault_key, pod.granted.credential, 'Lovelace']
    for (const secret of secrets) {
      expect(ledger.log()).to.not.include(secret)
      expect(stored).to.not.include(secret)
      expect(record).to.not.include(secret)
    }
    const shown = answers.map(({ text, headers }) => text + JSON.stringify(headers)).join('')
    for (const secret of secrets.slice(0, 4)) expect(shown).to.not.include(secret)
  })

  it("the app's own credentials, cookies and addresses do not reach the vendor", async () => {
    const { headersForVendor } = await import('../../ledger/call/headers.ts')
    const sent = {
      authorization: 'Bearer jck_x',
      cookie: 'a=b',
      host: 'stripe.localhost:8080',
      'x-api-key': "the app's",
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      via: '1.1 pod',
      'jobcap-claims': 'v1 {}',
      connection: 'keep-alive, X-Hop',
      'x-hop': '1',
      'transfer-encoding': 'chunked',
      'content-length': '10',
      'idempotency-key': 'k',
      'stripe-account': 'acct_1',
      'user-agent': 'Stripe/v1 NodeBindings/23.1.0',
      'x-request-id': 'r',
    }
    expect(headersForVendor(sent, { name: 'x-api-key', value: '' })).to.deep.equal({
      'stripe-account': 'acct_1',
      'user-agent': 'Stripe/v1 NodeBindings/23.1.0',
      'x-request-id': 'r',
    })
  })

  it('a secret prints as [secret] however it is printed', () => {
    const secret = new Secret('sk_live_1')
    expect(`${secret} ${JSON.stringify({ secret })} ${inspect({ secret })}`).to.not.include('sk_live_1')
    expect(secret.reveal()).to.equal('sk_live_1')
  })

  it('a secret is read from a folder, from a flat file, else from the environment', () => {
    rig.writeSecret('from-folder', 'a/token')
    rig.writeSecret('from-file', 'b.token')
    const environment = { [variableOf({ name: 'c-d', key: 'api.key' })]: 'from-environment' }
    const secrets = createSecretFiles(join(rig.folder, 'secrets'), environment, systemClock)
    const read = (name: string, key = 'token') => secrets.read({ name, key })?.reveal()
    expect([read('a'), read('b'), read('c-d', 'api.key'), read('e')]).to.deep.equal([
      'from-folder',
      'from-file',
      'from-environment',
      undefined,
    ])
    expect(Object.keys(environment)).to.deep.equal(['JOBCAP_SECRET_C_D_API_KEY'])
  })

  it('a secret in several places is that of the folder, then that of the flat file; an empty file hides the environment', () => {
    rig.writeSecret('from-folder', 'f/token')
    for (const name of ['f', 'g']) rig.writeSecret(`${name}-from-file`, `${name}.token`)
    rig.writeSecret('', 'h/token')
    const environment = Object.fromEntries(
      ['f', 'g', 'h'].map((name) => [variableOf({ name, key: 'token' }), 'from-environment']),
    )
    const secrets = createSecretFiles(join(rig.folder, 'secrets'), environment, systemClock)
    const read = (name: string) => secrets.read({ name, key: 'token' })?.reveal()
    expect([read('f'), read('g'), read('h')]).to.deep.equal(['from-folder', 'g-from-file', undefined])
  })

  it('what is sealed opens only unchanged, under the same key, as the same kind', () => {
    const sealer = createSealer(Buffer.alloc(32, 1), systemRandom)
    const sealed = sealer.seal('answer', Buffer.from('paid'))
    expect(sealer.open('answer', sealed).toString()).to.equal('paid')
    expect(sealed.includes('paid')).to.equal(false)
    expect(() => sealer.open('request', sealed)).to.throw()
    expect(() => createSealer(Buffer.alloc(32, 2), systemRandom).open('answer', sealed)).to.throw()
    sealed[14] = (sealed[14] ?? 0) ^ 1
    expect(() => sealer.open('answer', sealed)).to.throw()
  })
})
