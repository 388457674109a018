import type { StripeObject } from './objects.ts'
import type { Params } from './params.ts'
import { invalid, noSuchParam } from './refusal.ts'

/** Parameters that every v1 list takes. */
export const LIST_PARAMS = ['limit', 'starting_after', 'ending_before', 'created'] as const

export interface StripeList<Item> {
  object: 'list'
  url: string
  has_more: boolean
  data: Item[]
}

/** One page of a v1 list. `newestFirst`: everything that passes the route's own filters. */
export function page<Item extends StripeObject>(
  newestFirst: readonly Item[],
  { params, url }: { params: Params; url: string },
): StripeList<Item> {
  const limit = params.amount('limit') ?? 10
  if (limit > 100) throw invalid('limit', 'This value must be less than or equal to 100 (it currently is more).')
  const within = newestFirst.filter((item) => createdWithin(item.created, params))
  const after = params.text('starting_after')
  const before = params.text('ending_before')
  if (before !== undefined) {
    const end = position(within, before, 'ending_before')
    const start = Math.max(0, end - limit)
    return { object: 'list', url, has_more: start > 0, data: within.slice(start, end) }
  }
  const start = after === undefined ? 0 : position(within, after, 'starting_after') + 1
  const end = start + limit
  return { object: 'list', url, has_more: end < within.length, data: within.slice(start, end) }
}

function position(items: readonly StripeObject[], id: string, param: string): number {
  const index = items.findIndex((item) => item.id === id)
  if (index < 0) throw noSuchParam('object', id, param)
  return index
}

/** `created[gte]=…` and its like, in seconds. */
function createdWithin(created: number, params: Params): boolean {
  const bounds = Object.entries(params.object('created'))
  return bounds.every(([name, text]) => {
    const bound = Number(text)
    if (typeof text !== 'string' || !Number.isSafeInteger(bound)) throw invalid('created', 'Invalid integer')
    if (name === 'gt') return created > bound
    if (name === 'gte') return created >= bound
    if (name === 'lt') return created < bound
    if (name === 'lte') return created <= bound
    throw invalid(`created[${name}]`, `Received unknown parameter: created[${name}]`, 'parameter_unknown')
  })
}
