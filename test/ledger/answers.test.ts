import { expect } from 'chai'
import { Secret } from '../../ledger/effects.ts'
import { concealing } from '../../ledger/vendor-client/concealing-network.ts'
import { ask } from '../../ledger/vendor-client/exchange.ts'
import type { VendorNetwork, VendorRequest } from '../../ledger/vendor-client/network.ts'
import { turningPages } from '../../ledger/vendor-client/page-turning-network.ts'
import { GrowingRoom } from '../../runtime/growing-room.ts'

const SECRET = 'auth/token+of=ours'
const PAIR = Buffer.from(`AC1:${SECRET}`).toString('base64')
const JSON_TYPE = { 'content-type': 'application/json' }
const BASE = 'http://localhost:8080/twilio'

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
  const result = await ask(network, request, {
    maxBytes: 16 * 1024 * 1024,
    room: new GrowingRoom(16 * 1024 * 1024),
  })
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

describe('the addresses in a page', () => {
  const turned = async (text: string, base = BASE) => {
    const half = Math.floor(text.length / 2)
    return (await answerOf(turningPages(answering([text.slice(0, half), text.slice(half)]), base))).text
  }
  const page = (address: string, name = 'next_page_url') => `{"meta":{"${name}": "${address}"},"a":"é"}`

  it('lead to us, wherever a part of the answer ends, and leave every other byte as it is', async () => {
    expect(await turned(page('https://messaging.twilio.com/v1/Services?Page=1'))).to.equal(
      page(`${BASE}/v1/Services?Page=1`),
    )
  })

  for (const foreign of ['https://messaging.twilio.com.evil.example/v1', 'https://api.twilio.com/v1', '/v1/Services']) {
    it(`${foreign} is not at the vendor, and stays`, async () => {
      expect(await turned(page(foreign))).to.equal(page(foreign))
    })
  }

  it('another field of the same address stays', async () => {
    const other = page('https://messaging.twilio.com/v1/Services', 'url')
    expect(await turned(other)).to.equal(other)
  })

  it('a host that would break out of the JSON turns nothing', async () => {
    const whole = page('https://messaging.twilio.com/v1/Services?Page=1')
    expect(await turned(whole, 'http://a","b":"')).to.equal(whole)
  })

  it('a page that is too long for memory goes on as it came', async () => {
    const long = page('https://messaging.twilio.com/v1').replace('é', 'x'.repeat(5 * 1024 * 1024))
    expect((await turned(long)) === long).to.equal(true)
  })
})
