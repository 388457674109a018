import { expect } from 'chai'
import { exchange, FORM_HEADERS, json, poster, type Started, startStripe, statusOf } from './started.ts'

const PAYMENT_INTENTS = '/v1/payment_intents'

/** path · form · status · code · param; `-` is none. */
const TABLE = `
  /v1/payment_intents   currency=usd                                       400 parameter_missing          amount
  /v1/payment_intents   amount=100                                         400 parameter_missing          currency
  /v1/payment_intents   amount=1.5&currency=usd                            400 parameter_invalid_integer  amount
  /v1/payment_intents   amount=1e3&currency=usd                            400 parameter_invalid_integer  amount
  /v1/payment_intents   amount=&currency=usd                               400 parameter_invalid_empty    amount
  /v1/payment_intents   amount=0&currency=usd                              400 parameter_invalid_integer  amount
  /v1/payment_intents   amount=-100&currency=usd                           400 parameter_invalid_integer  amount
  /v1/payment_intents   amount=49&currency=usd                             400 amount_too_small           amount
  /v1/payment_intents   amount=49&currency=jpy                             400 amount_too_small           amount
  /v1/payment_intents   amount=12345678901234567890&currency=usd           400 amount_too_large           amount
  /v1/payment_intents   amount=100&currency=xxx                            400 -                          currency
  /v1/payment_intents   amount=100&currency=usd&colour=red                 400 parameter_unknown          colour
  /v1/payment_intents   amount=100&currency=usd&confirm=maybe              400 -                          confirm
  /v1/payment_intents   amount=100&currency=usd&off_session=true           400 -                          off_session
  /v1/payment_intents   amount=100&currency=usd&customer=cus_missing1      400 resource_missing           customer
  /v1/payment_intents   amount=100&currency=usd&payment_method=pm_none     400 resource_missing           payment_method
  /v1/payment_intents   amount=100&currency=usd&confirm=true               400 payment_intent_unexpected_state -
  /v1/payment_intents   amount=100&currency=usd&expand[]=moon              400 -                          expand
  /v1/payment_intents   amount=100&amount[b]=1&currency=usd                400 -                          -
  /v1/payment_intents/pi_none/confirm  -                                   404 resource_missing           id
  /v1/charges           amount=100&currency=usd                            400 parameter_missing          source
  /v1/refunds           amount=100                                         400 -                          charge
  /v1/transfers         amount=100&currency=usd                            400 parameter_missing          destination
  /v1/quotes            amount=100                                         404 -                          -
`

describe('the fake Stripe refuses bad input as Stripe does, and nothing happens', () => {
  let fake: Started
  before(async () => {
    fake = await startStripe()
  })
  after(() => fake.stop())
  const post = poster(() => fake.url)

  for (const row of TABLE.trim().split('\n')) {
    const [path = '', form = '', status = '', code = '', param = ''] = row.trim().split(/\s+/)
    it(`${path} ${form} → ${status} ${code}`, async () => {
      const answer = await post(path, form === '-' ? '' : form)
      const { error } = json(answer)
      expect([String(statusOf(answer)), error.code ?? '-', error.param ?? '-']).to.deep.equal([status, code, param])
      expect(error.type).to.equal('invalid_request_error')
      expect(error.message).to.be.a('string').that.is.not.empty
      expect(fake.truth().at(-1)?.kind).to.equal('refused')
    })
  }

  it('a JSON body is refused: v1 takes forms', async () => {
    const headers = { ...FORM_HEADERS, 'Content-Type': 'application/json' }
    const answer = await exchange(fake.url, {
      path: PAYMENT_INTENTS,
      headers,
      body: '{"amount": 100, "currency": "usd"}',
    })
    expect(statusOf(answer)).to.equal(400)
    expect(json(answer).error.message).to.contain('application/x-www-form-urlencoded')
  })

  it('not one of these had an effect', () => {
    expect(fake.truth().filter((line) => line.kind !== 'refused')).to.deep.equal([])
  })
})
