import { LIST_PARAMS, page } from './lists.ts'
import { invalid, noSuchPath, notAllowed } from './refusal.ts'
import { effect, type Route, type RouteCall, type RouteResult, read } from './route.ts'

const CREATE_PARAMS = ['amount', 'currency', 'description', 'destination', 'metadata', 'source_transaction']

const ROOT = '/v1/transfers'

export const TRANSFER_ROUTES: readonly Route[] = [
  { method: 'POST', pattern: ROOT, params: [...CREATE_PARAMS, 'source_type', 'transfer_group'], run: create },
  {
    method: 'GET',
    pattern: ROOT,
    params: [...LIST_PARAMS, 'destination', 'transfer_group'],
    run: ({ account, params, path }) => {
      const destination = params.text('destination')
      const group = params.text('transfer_group')
      const wanted = account.transfers
        .newestFirst()
        .filter((transfer) => !destination || transfer.destination === destination)
        .filter((transfer) => !group || transfer.transfer_group === group)
      return read(page(wanted, { params, url: path }))
    },
  },
  { method: 'GET', pattern: `${ROOT}/:id`, params: [], run: ({ account, id }) => read(account.transfers.inPath(id)) },
  {
    method: 'POST',
    pattern: `${ROOT}/:id`,
    params: ['description', 'metadata'],
    run: ({ account, params, id }) => {
      const transfer = account.transfers.inPath(id)
      const description = params.text('description') ?? transfer.description
      transfer.metadata = params.metadata(transfer.metadata)
      transfer.description = description
      return effect('transfer.updated', transfer)
    },
  },
  {
    method: 'POST',
    pattern: `${ROOT}/:id/reversals`,
    params: ['amount', 'description', 'metadata', 'refund_application_fee'],
    run: reverse,
  },
  {
    method: 'GET',
    pattern: `${ROOT}/:id/reversals`,
    params: [...LIST_PARAMS],
    run: ({ account, params, path, id }) => {
      const transfer = account.transfers.inPath(id)
      const own = account.reversals.newestFirst().filter((reversal) => reversal.transfer === transfer.id)
      return read(page(own, { params, url: path }))
    },
  },
  {
    method: 'GET',
    pattern: `${ROOT}/:id/reversals/:part`,
    params: [],
    run: ({ account, id, part }) => {
      const reversal = account.reversals.inPath(part)
      if (reversal.transfer !== account.transfers.inPath(id).id) throw noSuchPath('transfer_reversal', part)
      return read(reversal)
    },
  },
]

function create({ account, params }: RouteCall): RouteResult {
  const amount = params.requiredAmount('amount')
  const currency = params.currency()
  const destination = params.requiredText('destination')
  const metadata = params.metadata()
  if (!/^acct_\w+$/.test(destination)) throw invalid('destination', `No such destination: '${destination}'`)
  const source = params.text('source_transaction') ?? null
  if (source !== null) account.charges.inParam(source, 'source_transaction')
  const rest = {
    description: params.text('description') ?? null,
    transfer_group: params.text('transfer_group') ?? null,
  }
  account.pay(amount, currency)
  const transfer = account.transfers.add({
    ...account.born('tr', 'transfer', metadata),
    ...rest,
    amount,
    amount_reversed: 0,
    currency,
    destination,
    reversed: false,
    source_transaction: source,
  })
  return effect('transfer.created', transfer, { amountMinor: amount, movedMinor: amount })
}

function reverse({ account, params, id }: RouteCall): RouteResult {
  const asked = params.amount('amount')
  const metadata = params.metadata()
  const transfer = account.transfers.inPath(id)
  const left = transfer.amount - transfer.amount_reversed
  const amount = asked ?? left
  if (left === 0 || amount > left) {
    const message = `Reversal amount (${amount}) is greater than the amount that is left of this transfer (${left})`
    throw notAllowed(message, { param: 'amount' })
  }
  account.earn(amount, transfer.currency)
  transfer.amount_reversed += amount
  transfer.reversed = amount === left
  const { currency } = transfer
  const born = account.born('trr', 'transfer_reversal', metadata)
  const reversal = account.reversals.add({ ...born, amount, currency, transfer: transfer.id })
  return effect('transfer.reversed', reversal, { amountMinor: -amount, movedMinor: -amount })
}
