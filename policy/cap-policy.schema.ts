import { z } from 'zod'
import { formatUsd, MAX_USD_MICROS, parseUsd } from '../contract/money.ts'
import { ROUTE_PATTERN } from '../contract/route-pattern.ts'
import { RESERVED_SEGMENTS } from '../contract/routes.ts'
import type {
  CapPolicy,
  CapPolicySpec,
  GenericVendor,
  PolicyCaps,
  PolicyCurrencies,
  PricedRoute,
  StripeVendor,
} from './cap-policy.ts'
import { parseExpiry } from './expiry.ts'

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
/** Headers that the ledger writes by itself, or that frame the message. */
const RESERVED_HEADER = /^(jobcap-.*|host|content-length|content-type|transfer-encoding|connection|expect|te|upgrade)$/i
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/

const usd = z
  .string({ error: 'dollars are decimal text in quotes, for example "5.00"' })
  .regex(/^[0-9]+(\.[0-9]{1,6})?$/, {
    error: 'dollars are decimal text without sign or exponent and with at most six decimals, for example "5.00"',
  })
  .refine((text) => !/^[0-9]+(\.[0-9]{1,6})?$/.test(text) || parseUsd(text) !== undefined, {
    error: `dollars have no leading zeros and are at most ${formatUsd(MAX_USD_MICROS)}`,
  })

const labels = z.record(z.string().min(1).max(317), z.string().max(63))

const pattern = z.string().max(500).regex(ROUTE_PATTERN, {
  error: 'an endpoint is an upper-case method and a path, for example "POST /v1/charges" or "GET /v1/*"',
})

const header = z
  .string()
  .regex(HEADER_NAME, { error: 'a header name' })
  .refine((name) => !RESERVED_HEADER.test(name), { error: 'this header is written by the ledger itself' })

const baseUrl = z
  .string()
  .max(300)
  .regex(/^https?:\/\/[^/?#@\s]+$/, {
    error: 'an origin without path, query or user, for example "https://api.stripe.com"',
  })
  .refine((text) => URL.canParse(text), { error: 'not a URL' })

const vendorName = z
  .string()
  .regex(DNS_LABEL, { error: 'a vendor name is a DNS label: lower-case letters, digits and dashes, at most 63' })
  .refine((name) => !(RESERVED_SEGMENTS as readonly string[]).includes(name), {
    error: `not one of ${RESERVED_SEGMENTS.join(', ')}: these paths are the ledger's own`,
  })
  .describe('First path segment and host name in the Pod: `localhost:8080/<name>/…`, `<name>.localhost:8080`.')

const vendorBasics = {
  name: vendorName,
  secretRef: z
    .strictObject({
      name: z.string().max(253).regex(DNS_SUBDOMAIN).describe('Name of the Secret in the namespace of jobcap.'),
      key: z
        .string()
        .regex(/^[-._a-zA-Z0-9]{1,253}$/)
        .refine((key) => !/^\.\.?$/.test(key), { error: 'not a key of a Secret' })
        .describe('Key in the Secret.'),
    })
    .describe("Where the vendor's secret is. Only the ledger reads it; embedded it is the file `<name>/<key>`."),
  perDayUsd: usd.exactOptional().describe('Cap: all calls to this vendor under the policy together, a UTC day.'),
  allowedEndpoints: z
    .array(pattern)
    .min(1)
    .max(200)
    .describe('`METHOD /path`; `*` stands for one segment, as the last one for one or more. The rest is refused.'),
}

const stripe = z.strictObject({
  ...vendorBasics,
  type: z.literal('stripe'),
  baseUrl: baseUrl.exactOptional().describe('Origin of the vendor. Default `https://api.stripe.com`.'),
}) satisfies z.ZodType<StripeVendor>

const pricedRoute = z.strictObject({
  match: pattern.describe('`METHOD /path`; `*` stands for exactly one segment.'),
  usd: usd.describe('Price of one call; `"0"` is free.'),
  core: z
    .array(z.string().regex(/^(\/([^~/]|~0|~1)+)+$/, { error: 'a JSON pointer, for example "/address"' }))
    .max(20)
    .exactOptional()
    .describe(
      'JSON pointers to the body fields that name the counterparty. Default none: no guard against diverging replays.',
    ),
}) satisfies z.ZodType<PricedRoute>

const generic = z.strictObject({
  ...vendorBasics,
  type: z.literal('generic'),
  baseUrl: baseUrl.describe('Origin of the vendor.'),
  auth: z
    .strictObject({
      header: header.describe('Request header that carries the secret.'),
      scheme: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,40}$/)
        .exactOptional()
        .describe('Word before the secret, for example `Bearer`. Default none.'),
    })
    .describe('How the secret is sent.'),
  idempotency: z
    .union(
      [
        z.literal('never'),
        z.strictObject({
          header: header.describe('Request header that carries the key.'),
          windowHours: z.int().min(1).max(8_760).describe('How long the vendor keeps a key. Hours.'),
        }),
      ],
      { error: '`never`, or {header, windowHours}' },
    )
    .describe('`never`: a call is sent once. Otherwise how the vendor is told that a call is a repeat.'),
  routes: z
    .array(pricedRoute)
    .max(200)
    .superRefine(refuseHiddenRoutes)
    .describe('Prices. A mutating route without one is refused; the first match counts.'),
}) satisfies z.ZodType<GenericVendor>

const caps = z
  .strictObject({
    perRunUsd: z.strictObject({
      default: usd.describe('Cap of a run whose Job asks for none.'),
      max: usd.exactOptional().describe('The most a Job may ask for with `jobcap.dev/cap-usd`. Default: `default`.'),
    }),
    perDayUsd: usd.exactOptional().describe('Cap: all runs of the policy together, a UTC day. Default none.'),
    perNamespaceDayUsd: usd.exactOptional().describe('Cap: all runs of one namespace, a UTC day. Default none.'),
  })
  .refine(({ perRunUsd }) => isNotAbove(perRunUsd.default, perRunUsd.max), {
    path: ['perRunUsd', 'max'],
    error: '`max` is below `default`',
  }) satisfies z.ZodType<PolicyCaps>

const currencies = z.strictObject({
  bufferBasisPoints: z
    .int()
    .min(0)
    .max(10_000)
    .exactOptional()
    .describe('Added to every conversion, hundredths of a percent: 200 is 2 %. Default 0.'),
  usdMicrosPerMajorUnit: z
    .record(
      z
        .string()
        .regex(/^[A-Z]{3}$/, { error: 'an upper-case ISO 4217 code' })
        .refine((code) => code !== 'USD', { error: 'USD needs no rate' }),
      z.int({ error: 'whole micro-dollars for one major unit, for example 1080000' }).min(1).max(1_000_000_000_000),
    )
    .describe('Micro-dollars for one major unit (one euro, one yen). A currency that is not here is refused.'),
}) satisfies z.ZodType<PolicyCurrencies>

const spec = z.strictObject({
  namespaceSelector: z
    .strictObject({ matchLabels: labels.describe('All of these labels, with these values. Empty: every namespace.') })
    .exactOptional()
    .describe('Which namespaces may use the policy. Default: those labelled `jobcap.dev/inject: enabled`.'),
  caps: caps.describe('The most that may be spent. Dollars are decimal text, at most 9007199254.740991.'),
  expiresIn: z
    .string()
    .refine((text) => parseExpiry(text) !== undefined, {
      error: 'a duration from 1m to 366d such as "90s", "45m", "24h" or "7d"',
    })
    .exactOptional()
    .describe('How long a vault key lives, `90s`, `45m`, `24h` or `7d`, from 1 minute to 366 days. Default `24h`.'),
  appKeys: z
    .enum(['auto', 'trust'])
    .exactOptional()
    .describe(
      "`auto`: an Idempotency-Key of the app's own that looks random marks one in-process call. `trust`: each names the intention. Default `auto`.",
    ),
  divergingReplay: z
    .enum(['refuse', 'warn', 'core'])
    .exactOptional()
    .describe(
      'When a call of a later attempt differs from an unread one to the same counterparty: `refuse` it, `warn` and send it, or let the `core` fields decide. Default `refuse`.',
    ),
  ambiguousRepeat: z
    .enum(['refuse', 'fold'])
    .exactOptional()
    .describe(
      'When a repeat may be a retry or a new call: `refuse` it, or `fold` it into the earlier one, which never charges twice and may swallow a call. Default `refuse`.',
    ),
  allowOptOut: z.boolean().exactOptional().describe('Whether `jobcap.dev/opt-out: "true"` is heeded. Default false.'),
  maxBodyKiB: z
    .int()
    .min(1)
    .max(10_240)
    .exactOptional()
    .describe('Largest body of a paid call, KiB. Larger ones are refused. Default 1024.'),
  currencies: currencies
    .exactOptional()
    .describe('How other currencies become dollars. Default: only USD is accepted.'),
  vendors: z
    .array(z.discriminatedUnion('type', [stripe, generic], { error: 'type is `stripe` or `generic`' }))
    .min(1)
    .max(50)
    .superRefine(refuseDuplicateNames)
    .describe('The vendors that may be called.'),
}) satisfies z.ZodType<CapPolicySpec>

const metadata = z.strictObject({
  name: z
    .string()
    .max(63)
    .regex(DNS_LABEL, { error: 'a policy name is a DNS label: lower-case letters, digits and dashes, at most 63' })
    .describe(
      'What Jobs and namespaces name in the label `jobcap.dev/policy`; the one called `default` applies to the rest.',
    ),
  labels: labels.exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
})

const capPolicy: z.ZodType<CapPolicy> = z.strictObject({
  apiVersion: z.literal('jobcap.dev/v1alpha1'),
  kind: z.literal('CapPolicy'),
  metadata,
  spec,
})

/** Where a value breaks the schema and why, in words for the person who wrote it. */
export interface SchemaIssue {
  readonly path: readonly (string | number)[]
  /** The last name of `path` is a field that the schema does not know. */
  readonly isUnknownField: boolean
  readonly message: string
}

/** Holds a parsed document to the schema. */
export function checkCapPolicy(value: unknown): { policy: CapPolicy } | { issues: SchemaIssue[] } {
  const result = capPolicy.safeParse(value, { error: wordMissing })
  if (result.success) return { policy: result.data }
  return { issues: result.error.issues.flatMap(issuesOf) }
}

/** The schema of `spec` as OpenAPI 3.0, for the custom resource and the reference page. */
export function capPolicySpecOpenApi(): Record<string, unknown> {
  return { ...z.toJSONSchema(spec, { io: 'input', target: 'openapi-3.0' }) }
}

/** zod says "received undefined" where a field is missing. */
function wordMissing(issue: { readonly code?: string | undefined; readonly input?: unknown }): string | undefined {
  return issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : undefined
}

function issuesOf(issue: z.core.$ZodIssue): SchemaIssue[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      isUnknownField: true,
      message: `unknown field \`${key}\``,
    }))
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return [{ path, isUnknownField: false, message }]
}

function refuseDuplicateNames(vendors: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [at, { name }] of vendors.entries()) {
    if (seen.has(name)) {
      context.addIssue({ code: 'custom', path: [at, 'name'], message: `two vendors are named \`${name}\`` })
    }
    seen.add(name)
  }
}

/** The first match counts, so a price behind a wider route would never be asked for: a dear call could pass as a cheap one. */
function refuseHiddenRoutes(routes: readonly { readonly match: string }[], context: z.RefinementCtx): void {
  for (const [at, { match }] of routes.entries()) {
    const wider = routes.slice(0, at).find((earlier) => coversRoute(earlier.match, match))
    if (wider === undefined) continue
    const message = `\`${wider.match}\` stands before it and takes all of its calls: put the narrower route first`
    context.addIssue({ code: 'custom', path: [at, 'match'], message })
  }
}

/** Whether every call of `narrow` is one of `wide`. A HEAD is priced as its GET. */
function coversRoute(wide: string, narrow: string): boolean {
  const [wideMethod = '', widePath = ''] = wide.split(' ')
  const [narrowMethod = '', narrowPath = ''] = narrow.split(' ')
  if (wideMethod !== narrowMethod && !(wideMethod === 'GET' && narrowMethod === 'HEAD')) return false
  const [wanted, given] = [widePath.split('/'), narrowPath.split('/')]
  return wanted.length === given.length && wanted.every((segment, at) => segment === '*' || segment === given[at])
}

function isNotAbove(left: string, right: string | undefined): boolean {
  const [low, high] = [parseUsd(left), parseUsd(right ?? left)]
  return low === undefined || high === undefined || low <= high
}
