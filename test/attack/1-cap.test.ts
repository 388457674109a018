import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { gist } from '../ledger/call.ts'
import { policyText } from '../ledger/rig.ts'
import { newJob, type PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { World } from '../path/world.ts'

const PAY = '/stripe/v1/payment_intents'
const FORM = 'content-type: application/x-www-form-urlencoded'
const JSON_TYPE = 'content-type: application/json'
const REST = 'currency=usd&customer=cus_1&confirm=true&off_session=true'
const DEAR = `amount=900000&${REST}`

interface Request {
  readonly path?: string
  readonly method?: string
  readonly host?: string
  /** Header lines; default: the type of a form. */
  readonly lines?: readonly string[]
  readonly body: string | Buffer
}

/** Each could be read as a payment of $9000 by one reader and as less, or as nothing, by another. */
const TWO_READINGS: Readonly<Record<string, Request>> = {
  'two amounts': { body: `amount=1&${DEAR}` },
  'two amounts, one name encoded': { body: `amount=1&%61mount=900000&${REST}` },
  'an amount in brackets': { body: `amount[]=900000&amount=1&${REST}` },
  'an amount with a NUL in its name': { body: `amount%00=900000&amount=1&${REST}` },
  'an amount with a space in its name': { body: `+amount=900000&amount=1&${REST}` },
  'an amount in capitals': { body: `Amount=900000&amount=1&${REST}` },
  'an amount in the query': { path: `${PAY}?amount=900000`, body: `amount=1&${REST}` },
  'an amount inside expand': { path: `${PAY}?expand[amount]=900000`, body: `amount=1&${REST}` },
  'two amounts in JSON': { lines: [JSON_TYPE], body: '{"amount":1,"\\u0061mount":900000,"currency":"usd"}' },
  'an amount in the name of a JSON member': {
    lines: [JSON_TYPE],
    body: '{"amount":1,"currency":"usd","metadata":{"a]&amount":"900000"}}',
  },
  'a list of amounts in JSON': { lines: [JSON_TYPE], body: '{"amount":[900000],"currency":"usd"}' },
  'a form that says it is JSON': { lines: [JSON_TYPE], body: DEAR },
  'JSON that says it is a form': { body: '{"amount":900000,"currency":"usd"}' },
  'a form of no type': { lines: [], body: DEAR },
  'a form of two types': { lines: [FORM, JSON_TYPE], body: DEAR },
  'a form in UTF-16': { lines: [`${FORM}; charset=utf-16`], body: DEAR },
  'a form hidden by Connection': { lines: [FORM, 'connection: content-type'], body: DEAR },
  'a form compressed twice': {
    lines: [FORM, 'content-encoding: gzip, gzip'],
    body: gzipSync(gzipSync(DEAR)),
  },
  'a second compressed member': {
    lines: [FORM, 'content-encoding: gzip'],
    body: Buffer.concat([gzipSync(`amount=100&${REST}`), gzipSync('&amount=900000')]),
  },
  'two content encodings': { lines: [FORM, 'content-encoding: identity', 'content-encoding: gzip'], body: DEAR },
  'two currencies': { body: `${DEAR}&currency=jpy` },
  'a GET with a payment in it': { method: 'GET', body: DEAR },
  'a method override': { method: 'GET', lines: ['x-http-method-override: POST'], body: '' },
  'an absolute target': { path: 'http://stripe.localhost/v1/payment_intents', body: DEAR },
  'two hosts': {
    path: '/v1/payment_intents',
    host: 'stripe.localhost',
    lines: [FORM, 'host: geocode.localhost'],
    body: DEAR,
  },
  'two slashes': { path: '/stripe//v1/payment_intents', body: DEAR },
  'a dot segment': { path: '/stripe/v1/%2e/payment_intents', body: DEAR },
  'a path parameter': { path: `${PAY};free`, body: DEAR },
  'a slash at the end': { path: `${PAY}/`, body: DEAR },
  'two accounts': { lines: [FORM, 'stripe-account: acct_1', 'stripe-account: acct_2'], body: DEAR },
  'two keys': { lines: [FORM, 'idempotency-key: a', 'idempotency-key: b'], body: DEAR },
  'claims of its own': { lines: [FORM, 'Jobcap-Claims: {}'], body: DEAR },
  'claims with an underscore': { lines: [FORM, 'JOBCAP_CLAIMS: {}'], body: DEAR },
  'a protocol change': { lines: [FORM, 'connection: upgrade', 'upgrade: websocket'], body: DEAR },
}

type Call = (path: string, body?: string) => Promise<{ gist: string; id: string }>

/** Under a cap of $10. Each gives the outcomes that `OUTCOMES` names. */
const SEQUENCES: Readonly<Record<string, (call: Call) => Promise<string[]>>> = {
  'a PaymentIntent made larger before it is confirmed': async (call) => {
    const { id } = await call('', 'amount=100')
    const larger = await call(`/${id}`, 'amount=5000')
    const confirmed = await call(`/${id}/confirm`)
    return [larger.gist, confirmed.gist]
  },
  'an authorisation made larger before it is captured': async (call) => {
    const { id } = await call('', 'amount=500&confirm=true&capture_method=manual')
    const larger = await call(`/${id}/increment_authorization`, 'amount=5000')
    const captured = await call(`/${id}/capture`)
    return [larger.gist, captured.gist]
  },
  'payments that were cancelled, and one cancelled twice': async (call) => {
    const first = await call('', 'amount=900')
    await call(`/${first.id}/cancel`)
    await call(`/${first.id}/cancel`, 'cancellation_reason=duplicate')
    const second = await call('', 'amount=900&confirm=true')
    const third = await call('', 'amount=900&confirm=true&description=again')
    return [second.gist, third.gist]
  },
  'a payment captured in part, whose rest is then cancelled': async (call) => {
    const { id } = await call('', 'amount=900&confirm=true&capture_method=manual')
    await call(`/${id}/capture`, 'amount_to_capture=100')
    const cancelled = await call(`/${id}/cancel`)
    const second = await call('', 'amount=900&confirm=true')
    return [cancelled.gist, second.gist]
  },
  'five changes of one PaymentIntent at once, then confirmed': async (call) => {
    const { id } = await call('', 'amount=100')
    await Promise.all([300, 500, 700, 900, 1_100].map((cents) => call(`/${id}`, `amount=${cents}`)))
    return [(await call(`/${id}/confirm`)).gist]
  },
}

const OUTCOMES: Readonly<Record<string, readonly string[]>> = {
  'a PaymentIntent made larger before it is confirmed': ['429 cap_exhausted', '200'],
  'an authorisation made larger before it is captured': ['429 cap_exhausted', '200'],
  'payments that were cancelled, and one cancelled twice': ['200', '429 cap_exhausted'],
  'a payment captured in part, whose rest is then cancelled': ['400', '429 cap_exhausted'],
  'five changes of one PaymentIntent at once, then confirmed': ['200'],
}

describe('promise 1, attacked: over the cap', function () {
  this.timeout(60_000)
  let world: World
  let job: PathJob
  let pod: PathPod

  before(async () => {
    world = await World.start()
  })
  beforeEach(async () => {
    job = newJob(world, { capUsd: '10.00' })
    pod = await job.startPod()
  })
  afterEach(() => world.endTest())
  after(() => world.stop())

  it('what can be read in two ways is refused, and the vendor never hears of it', async () => {
    const before = world.stripe.truth('effect').length + world.stripe.truth('refused').length
    for (const [name, request] of Object.entries(TWO_READINGS)) {
      const { status, headers } = await sent(request)
      expect(status, name).to.be.oneOf([400, 403])
      expect(headers['jobcap-refused'], name).to.be.a('string')
    }
    expect(world.stripe.truth('effect').length + world.stripe.truth('refused').length).to.equal(before)
    expect(await job.books()).to.deep.equal({ spent: '0.00', reserved: '0.00' })
  })

  for (const [name, sequence] of Object.entries(SEQUENCES)) {
    it(`${name}: no more moves than is counted, and no more is counted than the cap`, async () => {
      expect(await sequence(call)).to.deep.equal(OUTCOMES[name])
      const moved = job.effects().reduce((sum, { movedMinor = 0 }) => sum + movedMinor, 0) / 100
      const { spent, reserved } = await job.books()
      expect(moved).to.be.above(0).and.at.most(Number(spent))
      expect(Number(spent)).to.be.at.most(10)
      expect(reserved).to.equal('0.00')
    })
  }

  it('210 payments of three Pods at once: as many as the cap has room for, and the last cent of it', async () => {
    const pods = [pod, await job.startPod({ index: 1 }), await job.startPod({ index: 2 })]
    const asked = pods.flatMap((each) =>
      Array.from({ length: 70 }, (_, at) => each.pay({ customer: `${each.index}x${at}`, cents: 50 })),
    )
    const told = (await Promise.all(asked)).map(gist)
    expect(told.filter((one) => one === '200')).to.have.length(20)
    expect(told.filter((one) => one === '429 cap_exhausted')).to.have.length(190)
    expect(job.effects()).to.have.length(20)
    expect(await job.books()).to.deep.equal({ spent: '10.00', reserved: '0.00' })
  })

  it('of a call on an object that is not allowed the vendor hears nothing, not even the question what it is worth', async () => {
    world.rig.writePolicy(policyText(world.rig).replace('"POST /v1/payment_intents/*", ', ''))
    const heard = (await world.stripe.control.stats()).seq
    expect((await call('/pi_any/confirm')).gist).to.equal('403 endpoint_not_allowed')
    expect((await world.stripe.control.stats()).seq).to.equal(heard)
  })

  async function call(path: string, body = ''): Promise<{ gist: string; id: string }> {
    const isNew = path === ''
    const told = await pod.ask({
      path: `${PAY}${path}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: isNew ? `${body}&currency=usd&customer=${job.customer()}&payment_method=pm_card_visa` : body,
    })
    const { id } = JSON.parse(told.text) as { id?: string }
    return { gist: gist(told), id: id ?? '' }
  }

  async function sent({ path = PAY, method = 'POST', host = 'localhost', lines = [FORM], body }: Request) {
    const app = await pod.connect()
    const head = [`${method} ${path} HTTP/1.1`, `host: ${host}`, ...lines, `content-length: ${Buffer.byteLength(body)}`]
    app.send(`${head.join('\r\n')}\r\n\r\n`)
    app.socket.write(body)
    const answer = await app.answer()
    app.socket.destroy()
    return answer
  }
})
