import { BALANCE_ROUTES } from './balance.ts'
import { CHARGE_ROUTES } from './charges.ts'
import { CREDIT_NOTE_ROUTES } from './credit-notes.ts'
import { CUSTOMER_ROUTES } from './customers.ts'
import { INVOICE_ROUTES } from './invoices.ts'
import { MONEY_MANAGEMENT_ROUTES } from './money-management.ts'
import { PAYMENT_INTENT_ROUTES } from './payment-intents.ts'
import { PAYOUT_ROUTES } from './payouts.ts'
import { REFUND_ROUTES } from './refunds.ts'
import type { Route } from './route.ts'
import { SUBSCRIPTION_ROUTES } from './subscriptions.ts'
import { TOPUP_ROUTES } from './topups.ts'
import { TRANSFER_ROUTES } from './transfers.ts'

const ROUTES: readonly Route[] = [
  ...PAYMENT_INTENT_ROUTES,
  ...CHARGE_ROUTES,
  ...REFUND_ROUTES,
  ...TRANSFER_ROUTES,
  ...PAYOUT_ROUTES,
  ...TOPUP_ROUTES,
  ...CUSTOMER_ROUTES,
  ...BALANCE_ROUTES,
  ...INVOICE_ROUTES,
  ...CREDIT_NOTE_ROUTES,
  ...SUBSCRIPTION_ROUTES,
  ...MONEY_MANAGEMENT_ROUTES,
]

/** `:id` stands for any one segment. */
const PATTERNS = ROUTES.map((route) => {
  const segments = route.pattern.split('/').map((segment) => segment.replace(/^:(.+)$/, '(?<$1>[^/]+)'))
  return { route, pattern: new RegExp(`^${segments.join('/')}$`) }
})

export function findRoute(method: string, path: string) {
  for (const { route, pattern } of PATTERNS) {
    const match = route.method === method ? pattern.exec(path) : null
    if (match !== null) return { route, ids: { id: match.groups?.['id'] ?? '', part: match.groups?.['part'] ?? '' } }
  }
  return undefined
}
