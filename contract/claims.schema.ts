import { z } from 'zod'
import type { CallClaims, SeenReport } from './call.ts'
import { asDigest, asHistoryId } from './ids.ts'

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform(asDigest)
const positive = z.int().min(1)
const ord = z.strictObject({ boot: positive, seq: positive })
const key = z.strictObject({ kind: z.enum(['token', 'named']), value: z.string().min(1).max(255) })

const identity = z.strictObject({
  route: z.string().min(1).max(2_000),
  kind: z.enum(['read', 'mutating', 'llm']),
  account: z.string().max(500),
  digest,
  core: digest.nullable(),
  key: key.nullable(),
})

const seenFact = z.strictObject({
  life: positive,
  digest,
  n: positive,
  token: z.string().min(1).max(255).nullable(),
})

/** What claims must be. */
export const claimsSchema = z.strictObject({
  historyId: z.string().min(1).max(64).transform(asHistoryId),
  identity,
  life: positive,
  ord: ord.nullable(),
  seen: z.array(seenFact),
  delivery: z.strictObject({ intactSinceBoot: positive.nullable(), delivering: z.array(positive) }),
  saysDiverged: z.boolean(),
  open: z.array(ord),
})

const seenReport = z.strictObject({
  historyId: z.string().min(1).max(64).transform(asHistoryId),
  seen: z.array(seenFact).max(10_000),
})

/** Claims as the ledger accepts them; undefined when the shape is not that of `CallClaims`. */
export function parseClaims(value: unknown): CallClaims | undefined {
  return isPlainClaims(value) ? value : claimsSchema.safeParse(value).data
}

const DIGEST = /^[0-9a-f]{64}$/
const isPositive = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1
const isDigest = (value: unknown): boolean => typeof value === 'string' && DIGEST.test(value)
const isText = (value: unknown, limit: number): boolean => typeof value === 'string' && value.length <= limit
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** With as many fields of its own as are named, so that none is left over when each was found good. */
function hasFields(value: unknown, fieldCount: number): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.keys(value).length === fieldCount
}

/**
 * Of the claims of nearly every call, in a tenth of the time: of a numbered call with nothing to tell. Whatever is not
 * surely what the schema says is left to the schema. A test holds the two together.
 */
function isPlainClaims(value: unknown): value is CallClaims {
  if (!hasFields(value, 8)) return false
  const { historyId, identity: its, life, ord: at, seen, delivery, saysDiverged, open } = value
  if (!isText(historyId, 64) || historyId === '' || !isPositive(life) || typeof saysDiverged !== 'boolean') return false
  if (!isEmpty(seen) || !isEmpty(open)) return false
  if (!hasFields(at, 2) || !isPositive(at['boot']) || !isPositive(at['seq'])) return false
  if (!hasFields(delivery, 2) || !isPositive(delivery['intactSinceBoot']) || !isEmpty(delivery['delivering']))
    return false
  if (!hasFields(its, 6)) return false
  const { route, kind, account, digest: content, core, key: appKey } = its
  if (kind !== 'mutating' && kind !== 'llm') return false
  if (!isText(route, 2_000) || route === '' || !isText(account, 500) || !isDigest(content)) return false
  return (core === null || isDigest(core)) && (appKey === null || isPlainKey(appKey))
}

function isPlainKey(value: unknown): boolean {
  if (!hasFields(value, 2)) return false
  const { kind, value: text } = value
  return (kind === 'token' || kind === 'named') && isText(text, 255) && text !== ''
}

/** Body of `POST /seen`; undefined when the shape is not that of `SeenReport`. */
export function parseSeenReport(value: unknown): SeenReport | undefined {
  return seenReport.safeParse(value).data
}
