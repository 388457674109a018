import { z } from 'zod'
import { parseUsd } from '../contract/money.ts'
import { ROUTE_PATTERN } from '../contract/route-pattern.ts'
import { RESERVED_SEGMENTS } from '../contract/routes.ts'
import { baseUrlMistake, ORIGIN } from './base-url.ts'
import { DOLLARS_SHAPE, dollarsMistake } from './dollars.ts'

export const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/
/** Headers that the ledger writes by itself, or that frame the message. */
const RESERVED_HEADER = /^(jobcap-.*|host|content-length|content-type|transfer-encoding|connection|expect|te|upgrade)$/i
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/

const dollars = { error: ({ input }: { readonly input?: unknown }) => dollarsMistake(input) }

export const usd = z
  .string(dollars)
  .regex(DOLLARS_SHAPE, dollars)
  .refine((text) => !DOLLARS_SHAPE.test(text) || parseUsd(text) !== undefined, dollars)

export const pattern = z.string().max(500).regex(ROUTE_PATTERN, {
  error: 'an endpoint is an upper-case method and a path, for example "POST /v1/charges" or "GET /v1/*"',
})

export const header = z
  .string()
  .regex(HEADER_NAME, { error: 'a header name, for example X-Api-Key' })
  .refine((name) => !RESERVED_HEADER.test(name), { error: 'this header is written by the ledger itself' })

export const baseUrl = z
  .string()
  .max(300)
  .regex(ORIGIN, { error: ({ input }) => baseUrlMistake(input, 'origin') })
  .refine((text) => !ORIGIN.test(text) || URL.canParse(text), { error: 'there is no such host name or port' })

const vendorName = z
  .string()
  .regex(DNS_LABEL, { error: 'a vendor name is a DNS label: lower-case letters, digits and dashes, at most 63' })
  .refine((name) => !(RESERVED_SEGMENTS as readonly string[]).includes(name), {
    error: `not one of ${RESERVED_SEGMENTS.join(', ')}: these paths are the ledger's own`,
  })
  .describe('First path segment and host name in the Pod: `localhost:8080/<name>/…`, `<name>.localhost:8080`.')

export const vendorBasics = {
  name: vendorName,
  secretRef: z
    .strictObject({
      name: z
        .string()
        .max(253)
        .regex(DNS_SUBDOMAIN, { error: 'the name of a Secret: lower-case letters, digits, dashes and dots' })
        .describe('Name of the Secret in the namespace of jobcap.'),
      key: z
        .string()
        .regex(/^[-._a-zA-Z0-9]{1,253}$/, { error: 'a key of a Secret: letters, digits, dashes, dots and underscores' })
        .refine((key) => !/^\.\.?$/.test(key), { error: 'not a key of a Secret' })
        .describe('Key in the Secret.'),
    })
    .describe("Where the vendor's secret is. Only the ledger reads it; embedded it is the file `<name>/<key>`."),
  perDayUsd: usd.exactOptional().describe('Cap: all calls to this vendor under the policy together, a UTC day.'),
  allowedEndpoints: z
    .array(pattern)
    .min(1)
    .max(200)
    .describe(
      '`METHOD /path`; `*` stands for one segment, as the last one for one or more; a GET allows its HEAD. The rest is refused.',
    ),
}
