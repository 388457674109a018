import { expect } from 'chai'
import type Stripe from 'stripe'
import { type CallKind, callsOf } from '../../fake-vendors/truth.ts'
import {
  CHARGE,
  type Exchange,
  exchange,
  FORM_HEADERS,
  json,
  poster,
  type Started,
  startStripe,
  statusOf,
  stripeSdk,
} from './started.ts'

const PATH = '/v1/payment_intents'
const DAY_MS = 24 * 60 * 60 * 1000

describe('the fake Stripe’s idempotency keys', () => {
  let fake: Started
  beforeEach(async () => {
    fake = await startStripe()
  })
  afterEach(() => fake.stop())
  const post = poster(() => fake.url)

  const keyed = (form: string, key = 'k', path = PATH) => post(path, form, { 'Idempotency-Key': key })
  const kinds = () => fake.truth().map((line) => line.kind)
  const replayed = (answer: Exchange) => answer.kind === 'answer' && answer.headers['idempotent-replayed'] === 'true'

  /** What the first request comes to · its status · what the truth says of the first and of its repeat. */
  const REPEATS: [name: string, path: string, form: string, status: number, kinds: [CallKind, CallKind]][] = [
    ['a success is given again', PATH, CHARGE, 200, ['effect', 'replay']],
    ['a decline is given again', PATH, `${CHARGE}&payment_method=pm_card_chargeDeclined`, 402, ['declined', 'replay']],
    ['a 400 after work began is given again', PATH, 'amount=100&currency=usd&confirm=true', 400, ['refused', 'replay']],
    ['a 404 after work began is given again', `${PATH}/pi_none/cancel`, '', 404, ['refused', 'replay']],
    ['a 400 for bad parameters is not kept', PATH, 'amount=1&currency=usd', 400, ['refused', 'refused']],
    ['a 404 for an unknown route is not kept', '/v1/moons', 'amount=1', 404, ['refused', 'refused']],
  ]
  for (const [name, path, form, status, expected] of REPEATS) {
    it(name, async () => {
      const first = await keyed(form, 'k', path)
      const second = await keyed(form, 'k', path)
      expect([statusOf(first), statusOf(second)]).to.deep.equal([status, status])
      expect(json(second)).to.deep.equal(json(first))
      expect([replayed(first), replayed(second)]).to.deep.equal([false, expected[1] === 'replay'])
      expect(kinds()).to.deep.equal(expected)
    })
  }

  it('the same parameters in another order are the same request', async () => {
    const first = await keyed('amount=100&currency=usd&metadata[a]=1&metadata[b]=2')
    const second = await keyed('metadata[b]=2&currency=usd&metadata[a]=1&amount=100')
    expect(json(second).id).to.equal(json(first).id)
  })

  it('other parameters under the same key are an idempotency_error, and nothing happens', async () => {
    await keyed(CHARGE)
    const other = await keyed(CHARGE.replace('1234', '1235'))
    expect([statusOf(other), json(other).error.type]).to.deep.equal([400, 'idempotency_error'])
    expect(kinds()).to.deep.equal(['effect', 'refused'])
  })

  it('another path under the same key is an idempotency_error', async () => {
    await keyed(CHARGE)
    const other = await keyed('amount=100&currency=usd&source=tok_visa', 'k', '/v1/charges')
    expect([statusOf(other), json(other).error.type]).to.deep.equal([400, 'idempotency_error'])
  })

  it('a repeat while the first is running gets 409, and the answer once it has ended', async () => {
    await fake.control.hold({ keyBusy: true })
    const first = keyed(CHARGE)
    const held = await fake.control.nextHeld()
    const early = await keyed(CHARGE)
    await fake.control.release(held.id)
    const late = await keyed(CHARGE)
    expect([statusOf(early), json(early).error.code]).to.deep.equal([409, 'idempotency_key_in_use'])
    expect(json(late).id).to.equal(json(await first).id)
    expect(kinds()).to.deep.equal(['effect', 'refused', 'replay'])
  })

  it('a 500 that follows an effect is kept: the repeat gets the same 500, and no second effect', async () => {
    await fake.control.addFault({ fault: { kind: 'answer', when: 'after', status: 500 } })
    const first = await keyed(CHARGE)
    const second = await keyed(CHARGE)
    expect([statusOf(first), statusOf(second), replayed(second)]).to.deep.equal([500, 500, true])
    expect(kinds()).to.deep.equal(['effect', 'replay'])
  })

  it('a 500 at the edge is not kept: the repeat is the first that works', async () => {
    await fake.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500 } })
    expect(statusOf(await keyed(CHARGE))).to.equal(500)
    expect(statusOf(await keyed(CHARGE))).to.equal(200)
    expect(kinds()).to.deep.equal(['refused', 'effect'])
  })

  it('a saved 500 without an effect is given again for 24 h, then the key is free', async () => {
    await fake.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500, saved: true } })
    await keyed(CHARGE)
    await fake.control.advanceClock(DAY_MS - 60_000)
    expect(statusOf(await keyed(CHARGE))).to.equal(500)
    await fake.control.advanceClock(60_000)
    expect(statusOf(await keyed(CHARGE))).to.equal(200)
    expect(kinds()).to.deep.equal(['refused', 'replay', 'effect'])
  })

  it('a saved 500 is kept only for a call that Stripe would have begun', async () => {
    await fake.control.addFault({ fault: { kind: 'answer', when: 'before', status: 500, saved: true } })
    const wrong = await post(PATH, CHARGE, { 'Idempotency-Key': 'k', Authorization: 'Bearer sk_test_no' })
    expect([statusOf(wrong), statusOf(await keyed(CHARGE))]).to.deep.equal([500, 200])
  })

  it('429 and 401 are not kept', async () => {
    await fake.control.addFault({ fault: { kind: 'answer', when: 'before', status: 429 } })
    const limited = await keyed(CHARGE)
    const wrong = await post(PATH, CHARGE, { 'Idempotency-Key': 'k', Authorization: 'Bearer sk_test_no' })
    expect([statusOf(limited), json(limited).error.code, statusOf(wrong)]).to.deep.equal([429, 'rate_limit', 401])
    expect(statusOf(await keyed(CHARGE))).to.equal(200)
  })

  it('a key is kept for 24 h: after that the same request charges again', async () => {
    await keyed(CHARGE)
    await fake.control.advanceClock(DAY_MS - 60_000)
    await keyed(CHARGE)
    await fake.control.advanceClock(60_000)
    await keyed(CHARGE)
    expect(kinds()).to.deep.equal(['effect', 'replay', 'effect'])
  })

  it('keys of different accounts have nothing to do with each other', async () => {
    await keyed(CHARGE)
    await post(PATH, CHARGE, { 'Idempotency-Key': 'k', 'Stripe-Account': 'acct_one' })
    expect(kinds()).to.deep.equal(['effect', 'effect'])
  })

  it('a key has at most 255 characters', async () => {
    expect(statusOf(await keyed(CHARGE, 'k'.repeat(256)))).to.equal(400)
    expect(statusOf(await keyed(CHARGE, 'k'.repeat(255)))).to.equal(200)
  })

  it('DELETE ignores keys', async () => {
    const customer = json(await post('/v1/customers', 'name=Ada')).id
    const remove = {
      method: 'DELETE',
      path: `/v1/customers/${customer}`,
      headers: { ...FORM_HEADERS, 'Idempotency-Key': 'k' },
    }
    expect(statusOf(await exchange(fake.url, remove))).to.equal(200)
    expect(statusOf(await exchange(fake.url, remove))).to.equal(404)
  })

  it('a call without a key happens each time', async () => {
    await post(PATH, CHARGE)
    await post(PATH, CHARGE)
    expect(callsOf(fake.truth(), 'effect')).to.have.length(2)
  })

  it('the official package’s own retry after a reset gets the first answer: one effect', async () => {
    await fake.control.addFault({ fault: { kind: 'reset', when: 'after' } })
    const intent = await stripeSdk(fake.url, 2).paymentIntents.create({
      amount: 500,
      currency: 'usd',
      customer: 'cus_0001',
      confirm: true,
      off_session: true,
    })
    const [effect] = callsOf(fake.truth(), 'effect')
    expect((intent as Stripe.PaymentIntent).id).to.equal(effect?.object)
    expect(kinds()).to.deep.equal(['effect', 'replay'])
    expect(callsOf(fake.truth(), 'replay')[0]?.originalRequestId).to.equal(effect?.requestId)
  })
})
