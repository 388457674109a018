import type { Sdk, VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

const SECRET = 'sk_test_onlyTheLedgerHasThis'

const node = (version: string, folder: string): Sdk => ({
  name: 'stripe-node',
  language: 'node',
  version,
  folder,
  pointing: {
    host: "new Stripe(key, { host: 'stripe.localhost', port: 8080, protocol: 'http' })",
    port: "new Stripe(key, { host: '127.0.0.1', port: 12345, protocol: 'http' })",
  },
})

const python = (version: string, folder: string): Sdk => ({
  name: 'stripe-python',
  language: 'python',
  version,
  folder,
  pointing: {
    prefix: 'stripe.api_base = "http://localhost:8080/stripe"',
    host: 'stripe.api_base = "http://stripe.localhost:8080"',
    port: 'stripe.api_base = "http://127.0.0.1:12345"',
  },
})

export const stripe: VendorSdks = {
  vendor: 'stripe',
  secret: SECRET,
  policy: (url) => `
type: stripe
baseUrl: ${url}
classCaps:
  refunds: {perDayUsd: "20.00"}
  creditNotes: {perDayUsd: "10.00"}
  payouts: {perDayUsd: "20.00"}
maximums:
  - {match: "POST /v1/invoiceitems", usd: "0"}
  - {match: "POST /v1/invoices", usd: "0"}
  - {match: "POST /v1/invoices/*/finalize", usd: "50.00"}
  - {match: "POST /v1/subscriptions", usd: "50.00"}
allowedEndpoints: ["POST /v1/*", "DELETE /v1/customers/*", "GET /v1/*", "POST /v2/money_management/*", "GET /v2/*"]
`,
  programs: { node: 'program.mjs', python: 'program.py' },
  sdks: [
    node('23.1.0', 'node-23'),
    node('22.6.2', 'node-22'),
    python('16.1.0', 'python-16'),
    python('15.6.2', 'python-15'),
  ],
  cases: CASES,
}
