import { expect } from 'chai'
import { Secret } from '../../ledger/effects.ts'
import { concealing } from '../../ledger/vendor-client/concealing-network.ts'
import { exchange, type VendorNetwork, type VendorRequest } from '../../ledger/vendor-client/network.ts'

const SECRET = 'auth/token+of=ours'
const PAIR = Buffer.from(`AC1:${SECRET}`).toString('base64')
const JSON_TYPE = { 'content-type': 'application/json' }

const request: VendorRequest = {
  origin: 'https://messaging.twilio.com',
  method: 'GET',
  target: '/v1/Services',
  headers: { authorization: `Basic ${PAIR}` },
  body: new Uint8Array(),
  idleMs: 1_000,
  onFreshConnection: false,
}

/** Answers with these parts, whatever is asked. */
function answering(parts: readonly string[], headers: Record<string, string> = JSON_TYPE): VendorNetwork {
  return {
    async send(_request, sink) {
      sink.head(200, headers)
      for (const part of parts) sink.data(Buffer.from(part))
      return { kind: 'answered' }
    },
    close: async () => {},
  }
}

async function answerOf(network: VendorNetwork) {
  const result = await exchange(network, request, 16 * 1024 * 1024)
  if (result.kind !== 'answered') throw new Error(result.reason)
  return { text: result.answer.body.toString(), headers: result.answer.headers }
}

describe('what an answer tells of our secret', () => {
  const forms = [SECRET, PAIR, Buffer.from(SECRET).toString('base64')]
  for (const form of forms.flatMap((one) => [one, encodeURIComponent(one)])) {
    it(`nothing where it repeats ${form}`, async () => {
      const half = Math.floor(form.length / 2)
      const parts = ['you sent ', form.slice(0, half), form.slice(half), '!']
      const { text, headers } = await answerOf(
        concealing(answering(parts, { 'x-sent': `Basic ${form}` }), new Secret(SECRET)),
      )
      expect(text).to.equal(`you sent ${'*'.repeat(form.length)}!`)
      expect(headers['x-sent']).to.equal(`Basic ${'*'.repeat(form.length)}`)
    })
  }
})
