import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type Ask, ask, payment } from './call.ts'
import { TestPod } from './pod.ts'
import { type Row, refusesEach } from './refusals.ts'
import { type LedgerProcess, type Rig, startRig } from './rig.ts'

describe('400: the request is not well-formed, and nothing of it is sent', () => {
  let rig: Rig
  let ledger: LedgerProcess
  let key: string
  let pod: TestPod
  before(async () => {
    rig = await startRig()
    ledger = await rig.startLedger()
    key = (await ledger.client.createKey({ vendor: 'stripe', usd_cap: '100.00' })).vault_key
    pod = await TestPod.start(rig, ledger)
  })
  after(() => rig.stop())
  afterEach(
    () => expect(rig.stripe.truth('effect').filter(({ idempotencyKey }) => idempotencyKey !== 'first')).to.be.empty,
  )

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const json = { 'content-type': 'application/json' }
  const paying = (body: string): Ask => ({ ...payment(key, 'k'), body })
  const to = (path: string): Ask => ({ ...payment(key, 'k'), path })

  const AMOUNTS: readonly Row[] = [
    'currency=usd',
    'amount=0&currency=usd',
    'amount=-100&currency=usd',
    'amount=1e3&currency=usd',
    'amount=1.5&currency=usd',
    'amount=+100&currency=usd',
    'amount=99999999999999999999&currency=usd',
    'amount=100&amount=1&currency=usd',
    'amount=&currency=usd',
  ].map((body) => ({ name: body, gets: '400 amount_invalid', ask: () => paying(body) }))

  const PATHS: readonly Row[] = [
    '/stripe/v1/charges/../payment_intents',
    '/stripe//v1/payment_intents',
    '/stripe/v1%2fpayment_intents',
    '/stripe/v1/%2e%2e/payment_intents',
    '/stripe/v1/payment_intents;x=1',
    '/stripe/v1\\payment_intents',
    '/stripe/v1/payment%5Fintents%00',
  ].map((path) => ({ name: path, gets: '400 path_ambiguous', ask: () => to(path) }))

  refusesEach(
    () => ledger,
    [
      ...AMOUNTS,
      ...PATHS,
      {
        name: 'a currency that the table does not hold',
        gets: '400 currency_unknown',
        says: /EUR/i,
        ask: () => paying('amount=100&currency=eur'),
      },
      {
        name: 'a call that changes something without a key',
        gets: '400 idempotency_key_required',
        ask: () => ({ path: '/stripe/v1/payment_intents', key, headers: form, body: 'amount=100&currency=usd' }),
      },
      {
        name: 'an Idempotency-Key given twice',
        gets: '400 request_malformed',
        ask: () => ({ ...payment(key, 'k'), headers: { ...form, 'idempotency-key': ['a', 'b'] } }),
      },
      {
        name: 'a known key with other content',
        gets: '400 idempotency_mismatch',
        ask: async () => {
          await ask(ledger.address, payment(key, 'first', 100))
          return payment(key, 'first', 200)
        },
      },
      {
        name: 'JSON that breaks off',
        gets: '400 body_unreadable',
        ask: () => ({ ...paying('{"amount": 100,'), headers: { ...json, 'idempotency-key': 'k' } }),
      },
      {
        name: 'a body that is not the gzip it says',
        gets: '400 body_unreadable',
        ask: () => ({ ...paying('plain'), headers: { ...form, 'idempotency-key': 'k', 'content-encoding': 'gzip' } }),
      },
      {
        name: 'a content encoding that nobody here reads',
        gets: '400 body_unreadable',
        ask: () => ({ ...paying('x'), headers: { ...form, 'idempotency-key': 'k', 'content-encoding': 'br' } }),
      },
      {
        name: 'a header that only we may send',
        gets: '400 header_forbidden',
        says: /jobcap-note/,
        ask: () => ({ ...payment(key, 'k'), headers: { ...form, 'idempotency-key': 'k', 'jobcap-note': '{}' } }),
      },
      {
        name: 'claims without a Pod',
        gets: '400 header_forbidden',
        ask: () => ({ ...payment(key, 'k'), headers: { ...form, 'idempotency-key': 'k', 'jobcap-claims': 'v1 {}' } }),
      },
      {
        name: "a Pod's paid call without claims",
        gets: '400 request_malformed',
        ask: () => payment(pod.granted.credential, 'k'),
      },
      {
        name: 'claims of another version',
        gets: '400 request_malformed',
        ask: () => ({ ...payment(pod.granted.credential, 'k'), headers: { ...form, 'jobcap-claims': 'v9 {}' } }),
      },
      {
        name: 'two Content-Types',
        gets: '400 request_malformed',
        ask: () => ({ ...payment(key, 'k'), headers: { 'content-type': ['text/plain', 'application/json'] } }),
      },
    ],
  )

  it('claims that pass a paid route off as a read are refused', async () => {
    const told = await pod.pay('cus_1', 100, { ord: null })
    expect(told.headers['jobcap-refused']).to.equal('request_malformed')
  })

  it('a body in gzip is read, judged and sent on unpacked', async () => {
    const told = await ask(ledger.address, {
      ...payment(key, 'first-gzip'),
      headers: { ...form, 'idempotency-key': 'first', 'content-encoding': 'gzip' },
      body: gzipSync('amount=100&currency=usd'),
    })
    expect(told.status, told.text).to.equal(200)
  })
})
