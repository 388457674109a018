import { expect } from 'chai'
import { callsOf } from '../../fake-vendors/truth.ts'
import { exchange, json, SECRET, type Started, startGeocoder, statusOf } from './started.ts'

const HEADERS = { 'X-Api-Key': SECRET, 'Content-Type': 'application/json' }

describe('the fake geocoder, a vendor without promises about repeats', () => {
  let fake: Started
  beforeEach(async () => {
    fake = await startGeocoder()
  })
  afterEach(() => fake.stop())

  const lookup = (body: string, headers: Record<string, string> = HEADERS) =>
    exchange(fake.url, { path: '/v1/lookup', headers, body })

  it('bills each lookup, a repeat under the same key too', async () => {
    const headers = { ...HEADERS, 'Idempotency-Key': 'k' }
    const first = json(await lookup('{"address": "1 Main St"}', headers))
    const second = json(await lookup('{"address": "1 Main St"}', headers))
    expect([second.latitude, second.longitude]).to.deep.equal([first.latitude, first.longitude])
    expect(first.id).not.to.equal(second.id)
    expect(callsOf(fake.truth(), 'effect').map(({ movedMinor, currency }) => [movedMinor, currency])).to.deep.equal([
      [1, 'usd'],
      [1, 'usd'],
    ])
  })

  it('answers coverage for free', async () => {
    const answer = await exchange(fake.url, { method: 'GET', path: '/v1/coverage', headers: HEADERS })
    expect(json(answer).countries).to.include('AT')
    expect(fake.truth().map((line) => line.kind)).to.deep.equal(['read'])
  })

  it('refuses a wrong secret, a missing address, broken JSON and an unknown route', async () => {
    expect(statusOf(await lookup('{"address": "x"}', { ...HEADERS, 'X-Api-Key': 'other' }))).to.equal(401)
    expect(statusOf(await lookup('{}'))).to.equal(400)
    expect(statusOf(await lookup('{"address"'))).to.equal(400)
    expect(statusOf(await exchange(fake.url, { path: '/v2/lookup', headers: HEADERS }))).to.equal(404)
    expect(fake.truth().map((line) => line.kind)).to.deep.equal(['refused', 'refused', 'refused', 'refused'])
  })

  it('takes the same faults and holds', async () => {
    await fake.control.addFault({ match: { body: { address: 'far' } }, fault: { kind: 'reset', when: 'after' } })
    expect(statusOf(await lookup('{"address": "far"}'))).to.equal('ECONNRESET')
    await fake.control.hold()
    const answer = lookup('{"address": "near"}')
    const held = await fake.control.nextHeld()
    expect(held.fields).to.deep.equal({ address: 'near' })
    await fake.control.release(held.id)
    expect(statusOf(await answer)).to.equal(200)
  })
})
