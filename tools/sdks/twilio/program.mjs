// An app that uses twilio-node. One JSON line in is one call; one JSON line out is what the app saw of it.
import twilio from 'twilio'
import { serve } from '../around/serve.mjs'

const { way, port, vendorPort } = JSON.parse(process.env.SDK_AT)

const client = twilio(`AC${'0'.repeat(32)}`, 'placeholder')
const address = {
  prefix: `http://localhost:${port}/twilio`,
  host: `http://twilio.localhost:${port}`,
  port: `http://127.0.0.1:${vendorPort}`,
}[way]
client.api.baseUrl = address
client.messaging.baseUrl = address

const message = ({ to = '+15550000001', body = 'Hi', ...more } = {}) => ({ to, from: '+15005550006', body, ...more })
const shown = ({ sid, numSegments, status }) => ({ id: sid, segments: numSegments, status })

const calls = {
  async send(more) {
    return shown(await client.messages.create(message(more)))
  },
  /** The SDK itself writes fields in an order of its own. */
  async send_reordered() {
    const uri = `${client.api.baseUrl}/2010-04-01/Accounts/${client.accountSid}/Messages.json`
    const { to, from, body } = message()
    const answer = await client.request({ method: 'post', uri, data: { Body: body, From: from, To: to } })
    const made = typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body
    return shown({ ...made, numSegments: made.num_segments })
  },
  async parallel({ n, ...more }) {
    const made = await Promise.all(Array.from({ length: n }, () => client.messages.create(message(more))))
    return { count: made.length, ids: new Set(made.map(({ sid }) => sid)).size }
  },
  async send_and_read(more) {
    const made = await client.messages.create(message(more))
    const read = await client.messages(made.sid).fetch()
    return { isSame: read.sid === made.sid, body: read.body }
  },
  async dial({ seconds }) {
    const made = await client.calls.create({
      to: '+15550000001',
      from: '+15005550006',
      url: 'https://a/b',
      timeLimit: seconds,
    })
    return { id: made.sid, status: made.status }
  },
  async list({ to, size }) {
    const sids = (await client.messages.list({ to, pageSize: size })).map(({ sid }) => sid)
    return { count: sids.length, ids: new Set(sids).size }
  },
  /** A newer product, whose pages name each other by whole addresses. */
  async services({ size }) {
    const sids = (await client.messaging.v1.services.list({ pageSize: size })).map(({ sid }) => sid)
    return { count: sids.length, ids: new Set(sids).size }
  },
  async buy_number() {
    return await client.incomingPhoneNumbers.create({ phoneNumber: '+15550000001' })
  },
}

await serve(calls, {
  statusOf: ({ status }) => status,
  codeOf: ({ code }) => (code === undefined ? null : String(code)),
})
