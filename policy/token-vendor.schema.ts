import { z } from 'zod'
import { baseUrlMistake, PATH_URL } from './base-url.ts'
import type { AnthropicVendor, OpenaiVendor, PricedModel } from './cap-policy.ts'
import { usd, vendorBasics } from './vendor-fields.schema.ts'

const pathUrl = z
  .string()
  .max(300)
  .regex(PATH_URL, { error: ({ input }) => baseUrlMistake(input, 'path') })
  .refine((text) => !PATH_URL.test(text) || URL.canParse(text), { error: 'there is no such host name or port' })

const tokenCount = z.int({ error: 'whole tokens' }).min(1).max(1_000_000_000)

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$/
const NO_MODEL = { error: 'a model name as requests give it' }

const pricedModel = z.strictObject({
  name: z.string().regex(MODEL_NAME, NO_MODEL).describe('As requests name it.'),
  inputUsd: usd.describe('Dollars for a million tokens of input.'),
  outputUsd: usd.describe('Dollars for a million tokens of output, reasoning counted; `"0"` for embeddings.'),
  cacheReadUsd: usd.exactOptional().describe('Of input that the vendor had in its cache. Default: `inputUsd`.'),
  cacheWriteUsd: usd
    .exactOptional()
    .describe('Of input that its cache takes up. Default: `inputUsd`; for Anthropic 1.25 times that.'),
  cacheWriteHourUsd: usd
    .exactOptional()
    .describe(
      'Of input that its cache takes up for an hour. Default: `cacheWriteUsd`; for Anthropic twice `inputUsd`.',
    ),
  contextTokens: tokenCount
    .exactOptional()
    .describe('Most tokens that the model holds. Default: not known, and then requests must limit their output.'),
}) satisfies z.ZodType<PricedModel>

const BASE_URL = "Origin, with the path before `/v1` where there is one. Default: the vendor's own."

const tokenVendor = {
  ...vendorBasics,
  baseUrl: pathUrl.exactOptional().describe(BASE_URL),
  listPrices: z
    .boolean()
    .exactOptional()
    .describe('Whether the built-in price list of the vendor holds. Default: only where there is no `baseUrl`.'),
  maxOutputTokens: tokenCount
    .exactOptional()
    .describe(
      'Put into requests that limit their output by nothing. Default none: the most that the model can write is reserved.',
    ),
  models: z
    .array(pricedModel)
    .max(500)
    .exactOptional()
    .describe('Prices of models that the list lacks, or other ones than it has. A model without a price is refused.'),
  freeFields: z
    .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, { error: 'a name of a JSON field' }))
    .max(100)
    .exactOptional()
    .describe('Top-level fields of requests that are not known here and change no price. Others are refused.'),
}

const deployments = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'the name of a deployment at Azure' })
        .describe('As it was named at Azure: in the path of a request, or as its `model`.'),
      model: z.string().regex(MODEL_NAME, NO_MODEL).describe('The model that was deployed, as `models` names it.'),
    }),
  )
  .min(1)
  .max(500)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'a deployment is named twice' })

export const openai = z
  .strictObject({
    ...tokenVendor,
    type: z.literal('openai'),
    asksForUsage: z
      .boolean()
      .exactOptional()
      .describe(
        'Whether a stream is asked for its usage by `stream_options` where the app does not. False for a vendor that refuses ' +
          'that field and tells the usage by itself, such as Mistral. Default true.',
      ),
    deployments: deployments
      .exactOptional()
      .describe(
        'At Azure: the models behind the names that requests give. `baseUrl` is then that of the resource, without `/openai`, ' +
          'and the secret is an API key. Default none: the vendor is not at Azure.',
      ),
  })
  .refine(({ deployments: named, baseUrl = '/openai' }) => named === undefined || !/\/openai(\/|$)/.test(baseUrl), {
    error:
      'with `deployments` goes the address of the Azure resource, for example "https://my-resource.openai.azure.com"; calls bring `/openai` with them',
    path: ['baseUrl'],
  }) satisfies z.ZodType<OpenaiVendor>

export const anthropic = z.strictObject({
  ...tokenVendor,
  // Vendors that speak OpenAI's protocol have it without `/v1` too, so there such an address may be right.
  baseUrl: pathUrl
    .refine((text) => !/\/v1\/?$/.test(text), {
      error: 'calls bring `/v1` with them: leave it out here, for example "https://llm.example.com/api"',
    })
    .exactOptional()
    .describe(BASE_URL),
  type: z.literal('anthropic'),
}) satisfies z.ZodType<AnthropicVendor>
