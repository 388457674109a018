import type { PricedRow, RowPrices } from './models.ts'

/** One line of a price table, see `readPriceTable` in vendors/tokens/. */
export function priceRow({ names, base, long, contextTokens }: PricedRow): string {
  const step = long === null ? '-' : `${long.aboveTokens} ${figures(long.prices)}`
  return `${names.join(' ')} | ${figures(base)} | ${contextTokens ?? '-'} | ${step}`
}

function figures({ input, output, cacheRead, cacheWrite, cacheWriteHour }: RowPrices): string {
  return [input, output, cacheRead, cacheWrite, cacheWriteHour].join(' ')
}
