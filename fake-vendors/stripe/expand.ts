import type { Account } from './account.ts'
import { invalid } from './refusal.ts'

const EXPANDABLE = ['charge', 'customer', 'data', 'latest_charge', 'payment_intent', 'source_transaction', 'transfer']

/** Refuses what can never be expanded, before the route does anything. */
export function checkExpand(paths: readonly string[]): void {
  for (const path of paths) {
    const known = path.split('.').every((name) => EXPANDABLE.includes(name))
    if (!known) throw invalid('expand', `This property cannot be expanded (${path}).`)
  }
}

/** A copy of the answer in which the ids that `expand[]` names (`latest_charge`, `data.customer`) are whole objects. */
export function expand(body: object, paths: readonly string[], account: Account): object {
  const copy = structuredClone(body)
  for (const path of paths) expandOne(copy, path.split('.'), account)
  return copy
}

function expandOne(at: unknown, names: readonly string[], account: Account): void {
  const [name = '', ...rest] = names
  if (!isObject(at)) return
  const value = at[name]
  if (Array.isArray(value)) {
    for (const item of value) expandOne(item, rest, account)
    return
  }
  if (typeof value === 'string') at[name] = structuredClone(account.find(value)) ?? value
  if (rest.length > 0) expandOne(at[name], rest, account)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
