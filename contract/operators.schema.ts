import { z } from 'zod'
import { asKeyId, asRunUid } from './ids.ts'
import { parseUsd, type UsdMicros } from './money.ts'
import type { AuditFilter, KeyChange, NewKeyRequest, ResolveRequest, RunFilter } from './operators.ts'
import { ROUTE_PATTERN } from './route-pattern.ts'

const usd = z
  .string({ error: 'dollars are decimal text or a number, for example "5.00"' })
  .transform((text, context): UsdMicros => {
    const amount = parseUsd(text)
    if (amount !== undefined) return amount
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not dollars: no sign, no exponent, at most six decimals, at most 9007199254.740991`,
    })
    return z.NEVER
  })

const newKey = z
  .strictObject({
    vendor: z.string().min(1).max(63),
    policy: z.string().min(1).max(63).exactOptional(),
    label: z.string().min(1).max(200).exactOptional(),
    usd_cap: usd.exactOptional(),
    daily_usd_cap: usd.exactOptional(),
    allowed_endpoints: z.array(z.string().max(500).regex(ROUTE_PATTERN)).min(1).max(200).exactOptional(),
    expires_in: z.string().max(20).exactOptional(),
  })
  .transform(
    ({ usd_cap, daily_usd_cap, allowed_endpoints, expires_in, ...same }): NewKeyRequest => ({
      ...same,
      ...(usd_cap === undefined ? {} : { usdCap: usd_cap }),
      ...(daily_usd_cap === undefined ? {} : { dailyUsdCap: daily_usd_cap }),
      ...(allowed_endpoints === undefined ? {} : { allowedEndpoints: allowed_endpoints }),
      ...(expires_in === undefined ? {} : { expiresIn: expires_in }),
    }),
  )

const keyChange = z
  .strictObject({ usd_cap: usd.nullable().exactOptional(), daily_usd_cap: usd.nullable().exactOptional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'give usd_cap or daily_usd_cap' })
  .transform(
    ({ usd_cap, daily_usd_cap }): KeyChange => ({
      ...(usd_cap === undefined ? {} : { usdCap: usd_cap }),
      ...(daily_usd_cap === undefined ? {} : { dailyUsdCap: daily_usd_cap }),
    }),
  )

const resolve = z
  .discriminatedUnion('effect', [
    z.strictObject({ effect: z.literal(false) }),
    z.strictObject({ effect: z.literal(true), spent_usd: usd }),
  ])
  .transform((word): ResolveRequest => (word.effect ? { effect: true, spentUsd: word.spent_usd } : word))

const whole = z
  .string()
  .regex(/^[0-9]{1,15}$/, { error: 'a whole number' })
  .transform(Number)

const moment = z.string().transform((text, context): number => {
  const ms = /^[0-9]{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isSafeInteger(ms)) return ms
  context.addIssue({ code: 'custom', message: 'a moment such as 2026-11-22T05:00:00Z, or milliseconds since 1970' })
  return z.NEVER
})

const auditQuery = z
  .strictObject({
    run: z.string().transform(asRunUid).exactOptional(),
    key: z.string().transform(asKeyId).exactOptional(),
    label: z.string().exactOptional(),
    index: whole.exactOptional(),
    from: moment.exactOptional(),
    to: moment.exactOptional(),
    cursor: whole.default(0),
    limit: whole.exactOptional(),
  })
  .transform(
    ({ from, to, ...same }): AuditFilter => ({
      ...same,
      ...(from === undefined ? {} : { fromMs: from }),
      ...(to === undefined ? {} : { toMs: to }),
    }),
  )

const runQuery = z
  .strictObject({
    namespace: z.string().min(1).max(63).exactOptional(),
    job: z.string().min(1).max(253).exactOptional(),
    living: z
      .enum(['true', 'false'])
      .transform((word) => word === 'true')
      .exactOptional(),
  })
  .refine(({ job, namespace }) => job === undefined || namespace !== undefined, {
    error: 'job: name the namespace of the Job too',
  })

/** A value read by its schema, or what is wrong with it, in one sentence. */
export type Parsed<Value> = { readonly value: Value } | { readonly problem: string }

/** Dollars must come as text; see `operator/number-text.ts` of the ledger for JSON numbers. */
export const parseNewKey = (body: unknown): Parsed<NewKeyRequest> => parse(newKey, body)
/** Body of `PATCH /vault/keys/{key_id}`. */
export const parseKeyChange = (body: unknown): Parsed<KeyChange> => parse(keyChange, body)
/** Body of `POST /calls/{call_id}/resolve`. */
export const parseResolve = (body: unknown): Parsed<ResolveRequest> => parse(resolve, body)
/** Query of `GET /runs`. */
export const parseRunQuery = (query: unknown): Parsed<RunFilter> => parse(runQuery, query)
/** Query of `GET /audit`. */
export const parseAuditQuery = (query: unknown): Parsed<AuditFilter> => parse(auditQuery, query)

function parse<Value>(schema: z.ZodType<Value>, input: unknown): Parsed<Value> {
  if (input === undefined) return { problem: 'the body is not JSON' }
  const result = schema.safeParse(input)
  if (result.success) return { value: result.data }
  const problems = result.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '))
  return { problem: problems.join('; ') }
}
