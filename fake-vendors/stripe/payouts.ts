import { LIST_PARAMS, page } from './lists.ts'
import { notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const CREATE_PARAMS = ['amount', 'currency', 'description', 'destination', 'metadata', 'method', 'source_type']

const ROOT = '/v1/payouts'

export const PAYOUT_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'statement_descriptor'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'destination', 'status'],
    run: ({ account, params, path }) => {
      const status = params.text('status')
      const wanted = account.payouts.newestFirst().filter((payout) => !status || payout.status === status)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.payouts.inPath(id)) },
  {
    method: 'POST',
    pattern: `${ROOT}/:id`,
    params: ['metadata'],
    run: ({ account, params, id }) => {
      const payout = account.payouts.inPath(id)
      payout.metadata = params.metadata(payout.metadata)
      return effect('payout.updated', payout)
    },
  },
  { method: 'POST', pattern: `${ROOT}/:id/cancel`, params: [], run: cancel },
]

function create({ account, params }: RouteCall): RouteResult {
  const amount = params.requiredAmount('amount')
  const currency = params.currency()
  const metadata = params.metadata()
  const rest = {
    description: params.text('description') ?? null,
    destination: params.text('destination') ?? null,
    method: params.oneOf('method', ['standard', 'instant'] as const) ?? ('standard' as const),
  }
  account.pay(amount, currency)
  const born = account.born('po', 'payout', metadata)
  const payout = account.payouts.add({
    ...born,
    ...rest,
    amount,
    currency,
    arrival_date: born.created,
    status: 'pending',
  })
  return effect('payout.created', payout, { amountMinor: amount, movedMinor: amount })
}

function cancel({ account, id }: RouteCall): RouteResult {
  const payout = account.payouts.inPath(id)
  if (payout.status !== 'pending') throw notAllowed('Payouts can only be canceled while they are pending.')
  payout.status = 'canceled'
  account.earn(payout.amount, payout.currency)
  return effect('payout.canceled', payout, { amountMinor: -payout.amount, movedMinor: -payout.amount })
}
