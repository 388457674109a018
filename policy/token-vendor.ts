import { parseUsd } from '../contract/money.ts'
import type { ModelPrice, SecretPlace, TokenPricing } from '../contract/pricing.ts'
import { withoutLastSlash } from './base-url.ts'
import type { AnthropicVendor, DecimalUsd, OpenaiVendor, PricedModel } from './cap-policy.ts'

const BASE_URLS = { openai: 'https://api.openai.com', anthropic: 'https://api.anthropic.com' } as const

/** What Anthropic charges of the price of input, for a few minutes in its cache and for an hour. */
const CACHE_WRITE_PERCENT = { openai: [100n, 100n], anthropic: [125n, 200n] } as const

/** "API Key authentication: … all API requests must include the API Key in the `api-key` HTTP header" (Azure OpenAI REST API reference). */
const AZURE_SECRET: SecretPlace = { header: 'api-key' }

interface TokenVendorRead {
  readonly type: 'openai' | 'anthropic'
  readonly baseUrl: string
  readonly basePath: string
  readonly tokens: TokenPricing
  /** Null: as the vendor's type says. */
  readonly auth: SecretPlace | null
}

/** A vendor of tokens as the program uses it. */
export function readTokenVendor(vendor: OpenaiVendor | AnthropicVendor): TokenVendorRead {
  const { type, models = [], maxOutputTokens = null, freeFields = [] } = vendor
  const url = new URL(vendor.baseUrl ?? BASE_URLS[type])
  return {
    type,
    baseUrl: url.origin,
    basePath: withoutLastSlash(url.pathname),
    tokens: {
      models: models.map((model) => readModel(type, model)),
      usesListPrices: vendor.listPrices ?? vendor.baseUrl === undefined,
      maxOutputTokens,
      freeFields,
      ...('asksForUsage' in vendor ? { asksForUsage: vendor.asksForUsage } : {}),
      ...('deployments' in vendor ? { deployments: vendor.deployments } : {}),
    },
    auth: 'deployments' in vendor ? AZURE_SECRET : null,
  }
}

function readModel(type: 'openai' | 'anthropic', model: PricedModel): ModelPrice {
  const input = perMillion(model.inputUsd)
  const [write, writeHour] = CACHE_WRITE_PERCENT[type]
  const cacheWrite = model.cacheWriteUsd === undefined ? percent(input, write) : perMillion(model.cacheWriteUsd)
  const cacheWriteHour = Math.max(cacheWrite, percent(input, writeHour))
  return {
    model: model.name,
    base: {
      inputPerMillionUsdMicros: input,
      outputPerMillionUsdMicros: perMillion(model.outputUsd),
      cacheReadPerMillionUsdMicros: model.cacheReadUsd === undefined ? input : perMillion(model.cacheReadUsd),
      cacheWritePerMillionUsdMicros: cacheWrite,
      cacheWriteHourPerMillionUsdMicros:
        model.cacheWriteHourUsd === undefined ? cacheWriteHour : perMillion(model.cacheWriteHourUsd),
    },
    long: null,
    contextTokens: model.contextTokens ?? null,
  }
}

function percent(amount: number, of: bigint): number {
  return Number((BigInt(amount) * of + 99n) / 100n)
}

function perMillion(usd: DecimalUsd): number {
  const micros = parseUsd(usd)
  if (micros === undefined) throw new Error(`the schema let through "${usd}" as dollars`)
  return micros
}
