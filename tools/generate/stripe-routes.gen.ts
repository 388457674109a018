// docs/reference/stripe-routes.md, from the table of Stripe's routes.
import { stripeRoutesPage } from '../docs/stripe-routes.ts'
import type { GeneratedFile } from './main.ts'

export default function generateStripeRoutes(): readonly GeneratedFile[] {
  return [{ path: 'docs/reference/stripe-routes.md', text: stripeRoutesPage() }]
}
