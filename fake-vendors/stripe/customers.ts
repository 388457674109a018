import { chargeCard } from './cards.ts'
import { LIST_PARAMS, page } from './lists.ts'
import type { Customer } from './objects.ts'
import type { Params } from './params.ts'
import { invalid } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const PARAMS = ['description', 'email', 'invoice_settings', 'metadata', 'name']

const ROOT = '/v1/customers'

export const CUSTOMER_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...PARAMS, 'payment_method'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'email'],
    run: ({ account, params, path }) => {
      const email = params.text('email')
      const present = account.customers.newestFirst().filter((customer) => !customer.deleted)
      return read(
        page(
          present.filter((customer) => !email || customer.email === email),
          { params, url: path },
        ),
      )
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.customer(id, 'path')) },
  { method: 'POST', pattern: `${ROOT}/:id`, params: PARAMS, run: update },
  { method: 'DELETE', pattern: `${ROOT}/:id`, params: [], run: remove },
]

function create({ account, params }: RouteCall): RouteResult {
  const settings = settingsOf(params)
  const customer: Customer = {
    ...account.born('cus', 'customer', params.metadata()),
    description: params.text('description') ?? null,
    email: params.text('email') ?? null,
    invoice_settings: { default_payment_method: settings ?? params.text('payment_method') ?? null },
    name: params.text('name') ?? null,
    deleted: false,
  }
  return effect('customer.created', account.customers.add(customer))
}

function update({ account, params, id }: RouteCall): RouteResult {
  const customer = account.customer(id, 'path')
  const changed: Customer = {
    ...customer,
    description: params.text('description') ?? customer.description,
    email: params.text('email') ?? customer.email,
    invoice_settings: {
      default_payment_method: settingsOf(params) ?? customer.invoice_settings.default_payment_method,
    },
    name: params.text('name') ?? customer.name,
    metadata: params.metadata(customer.metadata),
  }
  return effect('customer.updated', account.customers.add(changed))
}

function remove({ account, id }: RouteCall): RouteResult {
  const customer = account.customer(id, 'path')
  customer.deleted = true
  return { ...effect('customer.deleted', customer), body: { id, object: 'customer', deleted: true } }
}

/** The default payment method, where the request sets one that exists. */
function settingsOf(params: Params): string | undefined {
  const method = params.object('invoice_settings')['default_payment_method']
  if (method === undefined) return undefined
  if (typeof method !== 'string') throw invalid('invoice_settings[default_payment_method]', 'Invalid string')
  chargeCard(method, 'invoice_settings[default_payment_method]')
  return method
}
