import { expect } from 'chai'
import { REFUSALS, type RefusalCode, refusal, refusalBody, refusalBodyFor } from '../../contract/refusals.ts'

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
      error: { type: 'insufficient_quota', code: 'cap_exhausted', message: 'Spent.' },
    })
  })

  const body = refusalBody(refusal('cap_exhausted', 'Spent.', { level: 'run' }))

  for (const userAgent of [
    'twilio-go/1.31.0 (linux amd64) go/go1.26.8',
    'twilio-java/11.0.0 (Linux)',
    'twilio-csharp/7.9.1',
    'twilio-php/8.12.0 (Linux x86_64) PHP/8.2.36',
  ]) {
    it(`has a number for a code, and its status, for ${userAgent}, whose own type of errors holds no text there`, () => {
      const read = JSON.parse(refusalBodyFor(userAgent, body)) as object
      expect(read).to.include({ code: 20_429, status: 429, message: 'Spent.', name: 'cap_exhausted', level: 'run' })
      expect(read).to.have.nested.property('error.code', 'cap_exhausted')
    })
  }

  for (const userAgent of [undefined, 'twilio-node/6.2.0 (linux x64) node/26', 'my-twilio-go/1', 'curl/8']) {
    it(`is left as it is for ${userAgent ?? 'a client without a name'}`, () => {
      expect(refusalBodyFor(userAgent, body)).to.equal(body)
    })
  }
})

describe('a refusal without a message of its own', () => {
  const codes = Object.keys(REFUSALS) as RefusalCode[]

  it('says what happened, and the way out where the caller or an operator must act', () => {
    expect(refusal('replay_divergence').message).to.match(/^An earlier call .* Keep timestamps .* intention\.$/)
    for (const code of codes) {
      const { summary, wayOut } = REFUSALS[code]
      const { message } = refusal(code)
      expect(message).to.equal(wayOut.startsWith('Nothing') ? summary : `${summary} ${wayOut}`)
      expect(message, code).to.match(/^[A-Z].*\.$/)
    }
  })
})
