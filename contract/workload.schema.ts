import { z } from 'zod'
import type { ExchangeRequest } from './exchange.ts'
import { asJobUid, asPodUid, asWalkId } from './ids.ts'
import type { LocalPodToken, TermsAsked } from './workload.ts'

const texts = z.record(z.string(), z.string())
const uid = z.string().min(1).max(100)
const name = z.string().min(1).max(253)

const localPodToken = z.strictObject({
  audience: z.string(),
  expiresAtMs: z.int(),
  facts: z.strictObject({
    namespace: name,
    namespaceLabels: texts,
    pod: z.strictObject({
      name,
      uid: uid.transform(asPodUid),
      index: z.int().min(0).nullable(),
      isEnding: z.boolean(),
      templateAnnotations: texts,
    }),
    job: z.strictObject({
      name,
      uid: uid.transform(asJobUid),
      labels: texts,
      completionMode: z.enum(['Indexed', 'NonIndexed']),
      completions: z.int().min(0).nullable(),
      isEnded: z.boolean(),
    }),
  }),
})

const termsAsked: z.ZodType<TermsAsked> = z.strictObject({
  capUsd: z.string().exactOptional(),
  allowedEndpoints: z.array(z.string()).exactOptional(),
  continues: z.string().min(1).max(253).exactOptional(),
  runKey: z.string().min(1).max(253).exactOptional(),
  policy: z.string().min(1).max(63),
  keepsRestarts: z.boolean().exactOptional(),
})

const exchangeRequest: z.ZodType<ExchangeRequest> = z.strictObject({
  purpose: z.enum(['issue', 'begin', 'renew']),
  walk: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .transform(asWalkId)
    .exactOptional(),
  life: z.int().min(1).max(1_000_000).exactOptional(),
})

/** Content of a local Pod token; undefined when the shape is not that of `LocalPodToken`. */
export function parseLocalPodToken(value: unknown): LocalPodToken | undefined {
  return localPodToken.safeParse(value).data
}

/** Value of the terms annotation; undefined when the shape is not that of `TermsAsked`. */
export function parseTermsAsked(value: unknown): TermsAsked | undefined {
  return termsAsked.safeParse(value).data
}

/** Body of the exchange; undefined when the shape is not that of `ExchangeRequest`. */
export function parseExchangeRequest(value: unknown): ExchangeRequest | undefined {
  return exchangeRequest.safeParse(value).data
}
