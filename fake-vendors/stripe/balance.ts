import { type Route, read } from './route.ts'

export const BALANCE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/v1/balance',
    params: [],
    run: ({ account }) => {
      const available = [...account.available()].map(([currency, amount]) => ({ amount, currency, source_types: {} }))
      return read({ object: 'balance', livemode: false, available, pending: [] })
    },
  },
]
