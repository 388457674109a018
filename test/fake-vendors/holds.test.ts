import { expect } from 'chai'
import { callsOf } from '../../fake-vendors/truth.ts'
import { CHARGE, exchange, FORM_HEADERS, json, poster, type Started, startStripe, statusOf } from './started.ts'

const PATH = '/v1/payment_intents'

describe('holds of a stand-in', () => {
  let fake: Started
  beforeEach(async () => {
    fake = await startStripe()
  })
  afterEach(() => fake.stop())
  const post = poster(() => fake.url)

  const charge = (customer: string) =>
    post(PATH, CHARGE.replace('cus_0001', customer), { 'Idempotency-Key': `key-${customer}` })

  it('a held call has had its effect before anybody is told, and is told with its key and customer', async () => {
    await fake.control.hold({ match: { path: PATH } })
    const answer = charge('cus_0042')
    const held = await fake.control.nextHeld()
    const [effect] = callsOf(fake.truth(), 'effect')
    expect(held.truth).to.deep.equal(effect)
    expect(held.truth).to.include({ customer: 'cus_0042', idempotencyKey: 'key-cus_0042', amountMinor: 1234 })
    expect(held.fields['customer']).to.equal('cus_0042')
    await fake.control.release(held.id)
    expect(json(await answer).id).to.equal(effect?.object)
  })

  it('asking first and calling later gives the same', async () => {
    await fake.control.hold()
    const asked = fake.control.nextHeld()
    const answer = charge('cus_0001')
    await fake.control.release((await asked).id)
    expect(statusOf(await answer)).to.equal(200)
  })

  it('a release by reset breaks the connection; the effect stays and its repeat is a replay', async () => {
    await fake.control.hold()
    const answer = charge('cus_0001')
    await fake.control.release((await fake.control.nextHeld()).id, 'reset')
    expect(statusOf(await answer)).to.equal('ECONNRESET')
    expect(statusOf(await charge('cus_0001'))).to.equal(200)
    expect(fake.truth().map((line) => line.kind)).to.deep.equal(['effect', 'replay'])
  })

  it('a held call whose client has gone away is still an effect, and is seen to be gone', async () => {
    await fake.control.hold()
    const client = new AbortController()
    const headers = { ...FORM_HEADERS, 'Idempotency-Key': 'k' }
    const answer = exchange(fake.url, { path: PATH, headers, body: CHARGE, signal: client.signal })
    const held = await fake.control.nextHeld()
    client.abort()
    await answer
    expect(callsOf(fake.truth(), 'effect')).to.have.length(1)
    // The stand-in takes connections in order: this call is answered after it has seen the other one close.
    await post(PATH, CHARGE, { 'Idempotency-Key': 'k' })
    expect((await fake.control.held()).map(({ id, clientGone }) => [id, clientGone])).to.deep.equal([[held.id, true]])
    await fake.control.release(held.id)
    expect(await fake.control.held()).to.deep.equal([])
  })

  it('holds as many calls as it says, those that match, and each is told once', async () => {
    await fake.control.hold({ match: { body: { customer: 'cus_0002' } }, count: 2 })
    expect(statusOf(await charge('cus_0001'))).to.equal(200)
    const answers = [charge('cus_0002')]
    const first = await fake.control.nextHeld()
    answers.push(post(PATH, CHARGE.replace('cus_0001', 'cus_0002')))
    const second = await fake.control.nextHeld()
    expect(first.id).not.to.equal(second.id)
    expect(statusOf(await post(PATH, CHARGE.replace('cus_0001', 'cus_0002')))).to.equal(200)
    await fake.control.clearHolds()
    expect((await Promise.all(answers)).map(statusOf)).to.deep.equal([200, 200])
  })

  it('an asker that leaves takes no held call with it', async () => {
    await fake.control.hold()
    const asker = new AbortController()
    const asked = fake.control.nextHeld(asker.signal).catch((fault: Error) => fault.name)
    await fake.control.stats()
    asker.abort()
    expect(await asked).to.equal('AbortError')
    await fake.control.stats()
    const answer = charge('cus_0001')
    await fake.control.release((await fake.control.nextHeld()).id)
    expect(statusOf(await answer)).to.equal(200)
  })

  it('holds nothing but effects, unless told which', async () => {
    await fake.control.hold({ count: null })
    expect(statusOf(await post(PATH, 'amount=1'))).to.equal(400)
    await fake.control.clearHolds()
    await fake.control.hold({ match: { kinds: ['refused'] } })
    const answer = post(PATH, 'amount=1')
    await fake.control.release((await fake.control.nextHeld()).id)
    expect(statusOf(await answer)).to.equal(400)
  })

  it('a mark stands in the file between what happened before it and after it', async () => {
    await charge('cus_0001')
    const mark = await fake.control.mark('after DELETE')
    await charge('cus_0002')
    expect(mark.seq).to.equal(2)
    expect(fake.truth().map((line) => (line.kind === 'mark' ? line.label : line.kind))).to.deep.equal([
      'effect',
      'after DELETE',
      'effect',
    ])
  })

  it('says when so many effects are reached, what the truth is, and how many of each kind', async () => {
    const reached = fake.control.reached('effect', 2)
    await charge('cus_0001')
    await charge('cus_0002')
    await reached
    expect(await fake.control.truth('effect')).to.deep.equal(fake.truth())
    expect(await fake.control.stats()).to.deep.equal({
      vendor: 'stripe',
      seq: 2,
      calls: { effect: 2, declined: 0, read: 0, replay: 0, refused: 0 },
      held: 0,
    })
  })
})
