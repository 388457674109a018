import type { StripeErrorBody } from './refusal.ts'

/** What Stripe says beside a status, where a test asks for that status. */
export function scriptedError(status: number): StripeErrorBody {
  switch (status) {
    case 401:
      return { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_****' }
    case 402:
      return {
        type: 'card_error',
        code: 'card_declined',
        decline_code: 'generic_decline',
        message: 'Your card was declined.',
      }
    case 409:
      return {
        type: 'invalid_request_error',
        code: 'idempotency_key_in_use',
        message: 'There is currently another in-progress request using this Idempotent Key. Please try again later.',
      }
    case 429:
      return { type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded.' }
    default:
      if (status >= 500) return { type: 'api_error', message: 'An unknown error occurred.' }
      return { type: 'invalid_request_error', message: `A scripted answer with status ${status}.` }
  }
}
