// A customer's program: charges its Pod's share one after the other, without a key of its own. Indexes with an even
// number by the official package and its own retries, the others by plain HTTP that repeats what may be repeated.
import { readFileSync } from 'node:fs'
import Stripe from 'stripe'

const RETRY_MS = 200
const TRIES = 20

const index = Number(process.env.JOB_COMPLETION_INDEX)
const host = process.env.JOBCAP_STRIPE_HOST ?? 'stripe.localhost'
const port = process.env.JOBCAP_STRIPE_PORT ?? 8080
const stripe = new Stripe(process.env.STRIPE_API_KEY, { host, port, protocol: 'http' })
const share = readFileSync(process.env.CHARGES_FILE, 'utf8')
  .split('\n')
  .map((row) => row.split(','))
  .filter(([pod]) => pod === String(index))

async function byPackage(customer, amount) {
  const params = { amount, currency: 'usd', customer, confirm: true, off_session: true }
  return (await stripe.paymentIntents.create(params)).id
}

async function plainly(customer, amount) {
  const body = `amount=${amount}&currency=usd&customer=${customer}&confirm=true&off_session=true`
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch(`http://${host}:${port}/v1/payment_intents`, { method: 'POST', headers, body })
      const text = await answer.text()
      if (answer.ok) return JSON.parse(text).id
      if (answer.headers.get('x-should-retry') !== 'true') throw new Error(text)
    } catch (fault) {
      if (!(fault instanceof TypeError) || tries === TRIES) throw fault
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

try {
  for (const [, customer, cents] of share) {
    const id = await (index % 2 === 0 ? byPackage : plainly)(customer, Number(cents))
    console.log(`charged ${customer} ${id}`)
  }
} catch (error) {
  console.error(`${error.type ?? error.name}: ${error.message}`)
  process.exit(1)
}
