import type { Verdict } from '../costing.ts'
import { verdictOf } from '../verdict.ts'

/** Anthropic's word for "overloaded, nothing was done": like 429, it comes before any work. */
const OVERLOADED = 529

export function verdictOfModel(status: number): Verdict {
  return status === OVERLOADED ? 'not_sent' : verdictOf(status, 'definite')
}
