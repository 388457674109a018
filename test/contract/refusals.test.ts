import { expect } from 'chai'
import { refusal, refusalBody } from '../../contract/refusals.ts'

describe('the body of a refusal', () => {
  it('says code and message where each vendor’s own clients look for them', () => {
    const body: unknown = JSON.parse(refusalBody(refusal('cap_exhausted', 'Spent.')))
    expect(body).to.deep.equal({
      code: 'cap_exhausted',
      message: 'Spent.',
      // Resend
      name: 'cap_exhausted',
      statusCode: 429,
      // Anthropic, as the AI SDK reads it
      type: 'error',
      // Stripe, OpenAI, Anthropic
      error: { type: 'rate_limit_error', code: 'cap_exhausted', message: 'Spent.' },
    })
  })
})
