// An app that uses resend-node. One JSON line in is one call; one JSON line out is what the app saw of it.
import { Resend } from 'resend'
import { serve } from '../around/serve.mjs'

const { way, port, vendorPort } = JSON.parse(process.env.SDK_AT)

const baseUrl = {
  prefix: `http://localhost:${port}/resend`,
  host: `http://resend.localhost:${port}`,
  port: `http://127.0.0.1:${vendorPort}`,
}[way]
const client = new Resend('re_placeholder', baseUrl === undefined ? undefined : { baseUrl })

const mail = ({ to = ['b@x.com'], subject = 'Hi', ...more } = {}) => ({
  from: 'a@x.com',
  to,
  subject,
  text: 'Hi',
  ...more,
})
let last

/** The SDK throws nothing: it hands `{ error }` back, which gives this its name. */
class HandedBack extends Error {
  static name = '{ error }'

  constructor({ message, name, statusCode }) {
    super(message)
    Object.assign(this, { code: name, statusCode })
  }
}

async function dataOf(answer) {
  const { data, error } = await answer
  if (error) throw new HandedBack(error)
  return data
}

async function sent({ key, ...more }) {
  const { id } = await dataOf(client.emails.send(mail(more), key === undefined ? {} : { idempotencyKey: key }))
  last = id
  return { id, isSent: id.length === 36 }
}

const calls = {
  send: sent,
  async send_reordered() {
    const { from, to, subject, text } = mail()
    const { id } = await dataOf(client.emails.send({ text, subject, to, from }))
    return { id, isSent: id.length === 36 }
  },
  async send_read_cancel(more) {
    const { id } = await sent(more)
    const read = await dataOf(client.emails.get(id))
    const cancelled = await dataOf(client.emails.cancel(id))
    return { isSame: read.id === id && cancelled.id === id }
  },
  async cancel_last() {
    return await dataOf(client.emails.cancel(last))
  },
  async batch({ to, validation }) {
    const mails = to.map((each) => mail({ to: each }))
    const { data } = await dataOf(client.batch.send(mails, validation && { batchValidation: validation }))
    return { count: data.length, ids: new Set(data.map(({ id }) => id)).size }
  },
  async parallel({ n }) {
    const made = await Promise.all(Array.from({ length: n }, () => sent({})))
    return { count: made.length, ids: new Set(made.map(({ id }) => id)).size }
  },
  async contact() {
    return await dataOf(client.contacts.create({ email: 'b@x.com', audienceId: 'all' }))
  },
}

await serve(calls, { statusOf: ({ statusCode }) => statusCode })
