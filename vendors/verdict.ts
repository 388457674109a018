import type { Verdict } from './costing.ts'

/** The vendor's proxy gave up on the request while it may have been at work: 408, and nginx's 499. */
const GAVE_UP = [408, 499]

/** What a status says of the effect. `conflict`: what 409 means at this vendor. */
export function verdictOf(status: number, conflict: Verdict): Verdict {
  if (status >= 200 && status < 300) return 'definite'
  if (status === 409) return conflict
  if (status === 429) return 'not_sent'
  if (status === 401 || status === 403) return 'credential_refused'
  if (status >= 400 && status < 500 && !GAVE_UP.includes(status)) return 'definite'
  return 'unknown'
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
