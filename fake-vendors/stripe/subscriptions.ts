import type { Account } from './account.ts'
import { addToInvoice, collect, newInvoice } from './invoices.ts'
import { invalid, notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const ROOT = '/v1/subscriptions'
const CREATE_PARAMS = ['customer', 'default_payment_method', 'description', 'items', 'metadata', 'off_session']

/** Prices, and subscriptions whose first period is invoiced and collected at once. https://docs.stripe.com/api/subscriptions */
export const SUBSCRIPTION_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    pattern: '/v1/prices',
    params: ['currency', 'metadata', 'product', 'product_data', 'recurring', 'unit_amount'],
    run: createPrice,
  },
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'payment_behavior'], run: create },
  {
    method: 'GET',
    pattern: `${ROOT}/:id`,
    params: [],
    run: ({ account, id }) => read(account.subscriptions.inPath(id)),
  },
  { method: 'DELETE', pattern: `${ROOT}/:id`, params: [], run: cancel },
]

function createPrice({ account, params }: RouteCall): RouteResult {
  const unitAmount = params.requiredAmount('unit_amount')
  const currency = params.currency()
  const { interval } = params.object('recurring')
  const price = account.prices.add({
    ...account.born('price', 'price', params.metadata()),
    ...{ currency, unit_amount: unitAmount, recurring: typeof interval === 'string' ? { interval } : null },
  })
  return effect('price.created', price)
}

function create({ account, params }: RouteCall): RouteResult {
  const customer = account.customer(params.requiredText('customer'), 'customer').id
  const { amount, currency } = sumOf(account, params.objects('items'))
  const metadata = params.metadata()
  const behavior = params.oneOf('payment_behavior', ['allow_incomplete', 'error_if_incomplete'] as const)
  const card = params.text('default_payment_method')
  const born = account.born('sub', 'subscription', metadata)
  const invoice = newInvoice(account, { customer, currency, metadata, subscription: born.id })
  addToInvoice(invoice, amount)
  invoice.status = 'open'
  const collected = collect(account, invoice, card)
  const isPaid = collected.status === 200
  if (!isPaid && behavior === 'error_if_incomplete') return collected
  const status = isPaid ? ('active' as const) : ('incomplete' as const)
  const subscription = account.subscriptions.add({ ...born, currency, customer, latest_invoice: invoice.id, status })
  return effect('subscription.created', subscription, { amountMinor: amount, movedMinor: isPaid ? amount : 0 })
}

function sumOf(account: Account, items: readonly Readonly<Record<string, unknown>>[]) {
  const priced = items.map(({ price, quantity }) => ({
    price: account.prices.inParam(String(price), 'items[0][price]'),
    quantity: quantity === undefined ? 1 : Number(quantity),
  }))
  const [first] = priced
  if (first === undefined) throw invalid('items', 'Missing required param: items.', 'parameter_missing')
  const { currency } = first.price
  if (priced.some(({ price }) => price.currency !== currency)) throw invalid('items', 'All prices share one currency.')
  if (priced.some(({ quantity }) => !Number.isInteger(quantity) || quantity < 1))
    throw invalid('items', 'Bad quantity.')
  return { currency, amount: priced.reduce((sum, { price, quantity }) => sum + price.unit_amount * quantity, 0) }
}

function cancel({ account, id }: RouteCall): RouteResult {
  const subscription = account.subscriptions.inPath(id)
  if (subscription.status === 'canceled') throw notAllowed('The subscription is canceled.')
  subscription.status = 'canceled'
  return effect('subscription.canceled', subscription)
}
