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

const claims = z.strictObject({
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
  return claims.safeParse(value).data
}

/** Body of `POST /seen`; undefined when the shape is not that of `SeenReport`. */
export function parseSeenReport(value: unknown): SeenReport | undefined {
  return seenReport.safeParse(value).data
}
