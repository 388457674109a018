import { LIST_PARAMS, page } from './lists.ts'
import { notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const CREATE_PARAMS = ['amount', 'currency', 'description', 'metadata', 'source', 'statement_descriptor']

const ROOT = '/v1/topups'

/** A top-up stays pending, as money from a bank does for days: it adds nothing to the balance here. */
export const TOPUP_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'transfer_group'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'status'],
    run: ({ account, params, path }) => {
      const status = params.text('status')
      const wanted = account.topups.newestFirst().filter((topup) => !status || topup.status === status)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.topups.inPath(id)) },
  { method: 'POST', pattern: `${ROOT}/:id/cancel`, params: [], run: cancel },
]

function create({ account, params }: RouteCall): RouteResult {
  const amount = params.requiredAmount('amount')
  const currency = params.currency()
  const metadata = params.metadata()
  const description = params.text('description') ?? null
  const born = account.born('tu', 'topup', metadata)
  const topup = account.topups.add({ ...born, amount, currency, description, status: 'pending' })
  return effect('topup.created', topup, { amountMinor: amount, movedMinor: amount })
}

function cancel({ account, id }: RouteCall): RouteResult {
  const topup = account.topups.inPath(id)
  if (topup.status !== 'pending') throw notAllowed('Top-ups can only be canceled while they are pending.')
  topup.status = 'canceled'
  return effect('topup.canceled', topup, { amountMinor: -topup.amount, movedMinor: -topup.amount })
}
