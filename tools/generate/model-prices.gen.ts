// vendors/{openai,anthropic}/cost-prices.ts, from the price list of @pydantic/genai-prices. The list holds dollars as
// doubles; here they become whole micro-dollars, once, and a price that does not is an error.
import { readFileSync } from 'node:fs'
import { findProvider } from '@pydantic/genai-prices'
import { readModel } from '../prices/models.ts'
import { priceRow } from '../prices/rows.ts'
import type { GeneratedFile } from './main.ts'

/** The day on which the pinned version of the list was published; prices that begin later are not in use yet. */
const LIST = { version: '0.1.8', date: '2026-09-23' }

const VENDORS = ['openai', 'anthropic'] as const

export default function generateModelPrices(): readonly GeneratedFile[] {
  const installed = JSON.parse(readFileSync('node_modules/@pydantic/genai-prices/package.json', 'utf8')) as {
    version: string
  }
  if (installed.version !== LIST.version) {
    throw new Error(
      `the price list is ${installed.version}: give its version and date in tools/generate/model-prices.gen.ts`,
    )
  }
  return VENDORS.map((vendor) => ({ path: `vendors/${vendor}/cost-prices.ts`, text: pricesFile(vendor) }))
}

function pricesFile(vendor: (typeof VENDORS)[number]): string {
  const provider = findProvider({ providerId: vendor })
  if (provider === undefined) throw new Error(`the price list names no vendor ${vendor}`)
  const rows = provider.models.flatMap((model) => readModel(model, { vendor, date: LIST.date }) ?? []).map(priceRow)
  return `// Generated from @pydantic/genai-prices ${LIST.version} of ${LIST.date} by \`make fix\`; \`readPriceTable\` says what the columns are.

export const PRICES_DATE = '${LIST.date}'

export const PRICE_TABLE = \`
${rows.join('\n')}
\`
`
}
