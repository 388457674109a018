/**
 * What money moves for once in its life, whatever calls are about it: an invoice from its draft on, a session that is paid, a
 * quote that is accepted, a payout. The maximum of such a call is that of the whole of it, so that they count together.
 * Anything else (a subscription, a customer, a reader at a till, one more line) moves its own with each call.
 */
const PAID_ONCE =
  /^\/v1\/(?:invoices|invoiceitems|quotes|checkout\/sessions)(?:\/[^/]+(?:\/(?:finalize|send|attach_payment|accept))?)?$|^\/v2\/money_management\/payout_intents\//

/** Whether all calls about the object of this path count at most once at the maximum that the policy declares. */
export function isPaidOnce(path: string): boolean {
  return PAID_ONCE.test(path)
}
