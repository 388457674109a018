import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import Stripe from 'stripe'
import { skip } from '../../tools/test/skip.ts'
import { ask, gist, payment } from './call.ts'
import { auditOf, type LedgerProcess, type Rig, startRig } from './rig.ts'

const run = promisify(execFile)

describe('a client without a sidecar: a vault key and its own Idempotency-Key', () => {
  let rig: Rig
  let ledger: LedgerProcess

  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
  })
  after(() => rig.stop())

  const newKey = async (usd_cap = '100.00') => (await ledger.client.createKey({ vendor: 'stripe', usd_cap })).vault_key
  const effects = (idempotencyKey: string) =>
    rig.stripe.truth('effect').filter((line) => line.idempotencyKey === idempotencyKey)

  it('is charged once and answered from the record afterwards', async () => {
    const key = await newKey()
    const first = await ask(ledger.address, payment(key, 'invoice-1'))
    const again = await ask(ledger.address, payment(key, 'invoice-1'))
    expect([first.status, again.status]).to.deep.equal([200, 200])
    expect(again.text).to.equal(first.text)
    expect(first.headers['jobcap-replayed']).to.equal(undefined)
    expect(again.headers['jobcap-replayed']).to.equal('true')
    expect(effects('invoice-1')).to.have.length(1)
  })

  it('may be curl, with the key as user name', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) skip(this, 'needs curl')
    const key = await newKey()
    const { stdout } = await run('curl', [
      ...['-sS', '-u', `${key}:`, '-H', 'Idempotency-Key: invoice-curl'],
      ...['-d', 'amount=250', '-d', 'currency=usd', `${ledger.address}/stripe/v1/payment_intents`],
    ])
    expect(JSON.parse(stdout)).to.include({ object: 'payment_intent', amount: 250 })
    expect(effects('invoice-curl')).to.have.length(1)
  })

  it('may be the official stripe package, whose paths take no prefix', async () => {
    const { hostname, port } = new URL(ledger.address)
    const stripe = new Stripe(await newKey(), { host: hostname, port, protocol: 'http' })
    const intent = { amount: 700, currency: 'usd' }
    const first = await stripe.paymentIntents.create(intent, { idempotencyKey: 'invoice-sdk' })
    const again = await stripe.paymentIntents.create(intent, { idempotencyKey: 'invoice-sdk' })
    expect(again.id).to.equal(first.id)
    expect((await stripe.paymentIntents.retrieve(first.id)).amount).to.equal(700)
    expect(effects('invoice-sdk')).to.have.length(1)
  })

  it('is told of a spent cap by the official package as an error of its own, asked once', async () => {
    const { hostname, port } = new URL(ledger.address)
    const stripe = new Stripe(await newKey('1.00'), { host: hostname, port, protocol: 'http', maxNetworkRetries: 2 })
    const refused = await stripe.paymentIntents
      .create({ amount: 101, currency: 'usd' }, { idempotencyKey: 'invoice-dear' })
      .catch((fault: unknown) => fault)
    expect(refused).to.be.instanceOf(Stripe.errors.StripeRateLimitError)
    expect(refused).to.include({ code: 'cap_exhausted' })
    const refusals = (await auditOf(ledger)).filter((event) => event.event === 'call.refused')
    expect(refusals).to.have.length(1)
  })

  it('gets a number for a code where its SDK takes no text there', async () => {
    const dear = { ...payment(await newKey('1.00'), 'invoice-go'), body: 'amount=101&currency=usd' }
    const asked = (more: object) => ask(ledger.address, { ...dear, headers: { ...dear.headers, ...more } })
    const [plain, numbered] = [await asked({}), await asked({ 'user-agent': 'twilio-go/1.31.0 (linux amd64)' })]
    expect(JSON.parse(plain.text)).to.include({ code: 'cap_exhausted' })
    expect(JSON.parse(numbered.text)).to.include({ code: 20_429, status: 429, name: 'cap_exhausted' })
  })

  it('may send JSON on a Stripe route: it goes out as the form, and is the same call either way', async () => {
    const key = await newKey()
    const form = await ask(ledger.address, {
      ...payment(key, 'invoice-json'),
      body: 'amount=300&currency=usd&metadata[order]=17',
    })
    const json = await ask(ledger.address, {
      ...payment(key, 'invoice-json'),
      headers: { 'idempotency-key': 'invoice-json', 'content-type': 'application/json' },
      body: '{"currency":"usd","amount":300,"metadata":{"order":"17"}}',
    })
    expect([gist(form), gist(json)]).to.deep.equal(['200', '200'])
    expect(json.headers['jobcap-replayed']).to.equal('true')
    const fresh = await ask(ledger.address, {
      ...payment(key, 'invoice-json-2'),
      headers: { 'idempotency-key': 'invoice-json-2', 'content-type': 'application/json' },
      body: '{"amount":400,"currency":"usd","metadata":{"order":"18"}}',
    })
    expect(JSON.parse(fresh.text)).to.deep.include({ amount: 400, metadata: { order: '18' } })
  })

  it('reads without a key of its own, and each read is in the record', async () => {
    const key = await newKey()
    const created = JSON.parse((await ask(ledger.address, payment(key, 'invoice-read'))).text)
    const path = `/stripe/v1/payment_intents/${created.id}`
    const read = await ask(ledger.address, { method: 'GET', path, key })
    expect(JSON.parse(read.text).id).to.equal(created.id)
    const events = (await auditOf(ledger)).map(({ event }) => event)
    expect(events).to.include.members(['read.admitted', 'read.answered'])
  })

  it('gets nothing from a vendor that its key is not for', async () => {
    const told = await ask(ledger.address, { ...payment(await newKey(), 'x'), path: '/v1/nothing/here' })
    expect(gist(told)).to.equal('403 route_unknown')
  })

  it('may be on a Unix socket', async () => {
    const socket = `${rig.folder}/ledger.sock`
    await ledger.drain()
    ledger = await rig.startLedger(['--listen', `unix:${socket}`, '--listen', '127.0.0.1:0'])
    const key = await newKey()
    expect(gist(await ask(`unix:${socket}`, payment(key, 'invoice-unix')))).to.equal('200')
  })
})
