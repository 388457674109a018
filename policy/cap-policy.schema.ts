import { z } from 'zod'
import { parseUsd } from '../contract/money.ts'
import type { CapPolicy, CapPolicySpec, PolicyCaps, PolicyCurrencies } from './cap-policy.ts'
import { parseExpiry } from './expiry.ts'
import { foundText } from './found.ts'
import { generic } from './generic-vendor.schema.ts'
import { wordIssue } from './issue-words.schema.ts'
import { type FieldPath, isMissing, missingField, unknownField, wrongValue } from './mistakes.ts'
import { resend } from './resend-vendor.schema.ts'
import { stripe } from './stripe-vendor.schema.ts'
import { anthropic, openai } from './token-vendor.schema.ts'
import { twilio } from './twilio-vendor.schema.ts'
import { DNS_LABEL, usd } from './vendor-fields.schema.ts'

const labels = z.record(z.string().min(1).max(317), z.string().max(63))

const caps = z
  .strictObject({
    perRunUsd: z
      .strictObject({
        default: usd.describe('Cap of a run whose Job asks for none.'),
        max: usd.exactOptional().describe('The most a Job may ask for with `jobcap.dev/cap-usd`. Default: `default`.'),
      })
      .describe('Cap: one run, which is a Job and those that continue it.'),
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
        .regex(/^[A-Z]{3}$/, { error: 'an upper-case ISO 4217 code, for example EUR' })
        .refine((code) => code !== 'USD', { error: 'USD needs no rate' }),
      z.int({ error: 'whole micro-dollars for one major unit, for example 1080000' }).min(1).max(1_000_000_000_000),
    )
    .describe('Micro-dollars for one major unit (one euro, one yen). A currency that is not here is refused.'),
}) satisfies z.ZodType<PolicyCurrencies>

const spec = z
  .strictObject({
    namespaceSelector: z
      .strictObject({ matchLabels: labels.describe('All of these labels, with these values. Empty: every namespace.') })
      .exactOptional()
      .describe('Which namespaces may use the policy. Default: those labelled `jobcap.dev/inject: enabled`.'),
    caps: caps.describe('The most that may be spent. Dollars are decimal text, at most 9007199254.740991.'),
    expiresIn: z
      .string()
      .refine((text) => parseExpiry(text) !== undefined, {
        error: ({ input }) =>
          `a duration from 1m to 366d such as "90s", "45m", "24h" or "7d"; found ${foundText(input)}`,
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
      .max(16_384)
      .exactOptional()
      .describe('Largest body of a paid call, KiB. Larger ones are refused. Default 1024.'),
    currencies: currencies
      .exactOptional()
      .describe('How other currencies become dollars. Default: only USD is accepted.'),
    vendors: z
      .array(
        z.discriminatedUnion('type', [stripe, twilio, resend, openai, anthropic, generic], {
          error: ({ input }) =>
            typeof input === 'object'
              ? 'type is `stripe`, `twilio`, `resend`, `openai`, `anthropic` or `generic`'
              : undefined,
        }),
      )
      .min(1)
      .max(50)
      .superRefine(refuseDuplicateNames)
      .describe('The vendors that may be called.'),
  })
  .describe(
    'What may be called, how much may be spent, and what becomes of calls that cannot be told apart.',
  ) satisfies z.ZodType<CapPolicySpec>

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
  readonly path: FieldPath
  /** The last name of `path` is a field that the schema does not know. */
  readonly isUnknownField: boolean
  readonly message: string
}

/** Holds a parsed document to the schema. */
export function checkCapPolicy(value: unknown): { policy: CapPolicy } | { issues: SchemaIssue[] } {
  const result = capPolicy.safeParse(value, { error: wordIssue })
  if (result.success) return { policy: result.data }
  return { issues: result.error.issues.flatMap((issue) => issuesOf(issue, value)) }
}

/** The schema of `spec` as OpenAPI 3.0, for the custom resource and the reference page. */
export function capPolicySpecOpenApi(): Record<string, unknown> {
  return { ...z.toJSONSchema(spec, { io: 'input', target: 'openapi-3.0' }) }
}

function issuesOf(issue: z.core.$ZodIssue, document: unknown, above: FieldPath = []): SchemaIssue[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const unknown = [...path, key]
      return { path: unknown, isUnknownField: true, message: unknownField(unknown, document) }
    })
  }
  if (issue.code === 'custom') return [{ path, isUnknownField: false, message: issue.message }]
  if (issue.code === 'invalid_key') {
    return [{ path, isUnknownField: false, message: issue.issues[0]?.message ?? issue.message }]
  }
  const meant = issue.code === 'invalid_union' ? meantBranch(issue) : undefined
  if (meant !== undefined) return meant.flatMap((inner) => issuesOf(inner, document, path))
  const message = isMissing(path, document) ? missingField(path, document) : wrongValue(issue.message, path, document)
  return [{ path, isUnknownField: false, message }]
}

/** Of a choice the form whose mistakes all lie inside it, where that is one alone. */
function meantBranch({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const [inside, ...others] = errors.filter(
    (branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0),
  )
  return others.length === 0 ? inside : undefined
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

function isNotAbove(left: string, right: string | undefined): boolean {
  const [low, high] = [parseUsd(left), parseUsd(right ?? left)]
  return low === undefined || high === undefined || low <= high
}
