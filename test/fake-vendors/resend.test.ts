import { expect } from 'chai'
import { exchange, SECRET, type Started, startResend } from './started.ts'

describe('the stand-in for Resend', () => {
  let fake: Started
  before(async () => {
    fake = await startResend()
  })
  after(() => fake.stop())

  const headers = { Authorization: `Bearer ${SECRET}`, 'Content-Type': 'application/json' }
  const send = (to: unknown, more: object = {}) => {
    const body = JSON.stringify({ from: 'a@x.com', to, subject: 'Hi', text: 'Hi', ...more })
    return exchange(fake.url, { path: '/emails', headers, body })
  }

  it('sends no mail that names nobody', async () => {
    for (const [to, more] of [
      [[], {}],
      [null, {}],
      ['', {}],
      [[], { cc: ['c@x.com'] }],
    ] as const) {
      expect(await send(to, more), JSON.stringify(to)).to.include({ kind: 'answer', status: 422 })
    }
    expect(await send(['b@x.com'])).to.include({ kind: 'answer', status: 200 })
    expect(fake.truth().filter(({ kind }) => kind === 'effect')).to.have.length(1)
  })
})
