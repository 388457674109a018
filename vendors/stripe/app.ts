import type { AppSide } from '../app-side.ts'

export const stripeApp: AppSide = {
  /** No Stripe SDK reads its address from the environment. */
  addressEnvs: () => ({}),
  secretEnvs: [
    'STRIPE_API_KEY',
    'STRIPE_SECRET_KEY',
    'STRIPE_API_SECRET_KEY',
    'STRIPE_API_SECRET',
    'STRIPE_SECRET',
    'STRIPE_KEY',
    'STRIPE_PRIVATE_KEY',
    'STRIPE_RESTRICTED_KEY',
    'STRIPE_LIVE_SECRET_KEY',
    'STRIPE_TEST_SECRET_KEY',
  ],
  /** Secret and restricted keys. Publishable keys and webhook secrets spend nothing and stay. */
  secretShape: /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}/g,
  placeholder: 'sk_test_jobcapHoldsTheRealSecret',
}
