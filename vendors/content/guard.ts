import type { Refusal } from '../../contract/refusals.ts'

/** Tells a refusal from a result: only a refusal has a code. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'code' in value
}
