// Charges this Pod's share of tonight's invoices.
import { readFileSync } from 'node:fs'
import Stripe from 'stripe'

const CUSTOMERS_PER_POD = 10

const stripe = new Stripe(process.env.STRIPE_API_KEY, {
  host: process.env.JOBCAP_STRIPE_HOST ?? 'stripe.localhost',
  port: process.env.JOBCAP_STRIPE_PORT ?? 8080,
  protocol: 'http',
})

const index = Number(process.env.JOB_COMPLETION_INDEX)
const [, ...rows] = readFileSync(process.env.CUSTOMERS_FILE, 'utf8').trim().split('\n')
const share = rows.slice(index * CUSTOMERS_PER_POD, (index + 1) * CUSTOMERS_PER_POD)

try {
  for (const row of share) {
    const [customer, amount, paymentMethod, invoice] = row.split(',')
    const intent = await stripe.paymentIntents.create({
      amount: Number(amount),
      currency: 'usd',
      customer,
      payment_method: paymentMethod,
      payment_method_types: ['card'],
      confirm: true,
      off_session: true,
      description: `Invoice ${invoice}`,
    })
    console.log(`charged ${customer} $${(intent.amount / 100).toFixed(2)} ${intent.id}`)
  }
} catch (error) {
  console.error(`${error.type ?? error.name}: ${error.message}`)
  process.exit(1)
}
