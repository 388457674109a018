import type { CallPlan } from './plan.ts'

/** The key under which the app makes the call, where it names what is meant. */
export function namedKeyOf({ key, customer }: Pick<CallPlan, 'key' | 'customer'>): string | null {
  if (key === 'misnamed') return 'invoice'
  return key === 'named' ? `invoice-${customer}` : null
}
