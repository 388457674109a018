import { formatUsd, MAX_USD_MICROS, parseUsd } from '../contract/money.ts'
import { foundText } from './found.ts'

/** Text that is dollars in shape, whether or not `parseUsd` takes it. */
export const DOLLARS_SHAPE = /^[0-9]+(\.[0-9]{1,6})?$/

/** A code of a currency, or a sign of one, beside a number. */
const OTHER_CURRENCY = /^[^0-9a-z]*([A-Z]{3}|[€£¥₹])\s*[0-9]|[0-9]\s*([A-Z]{3}|[€£¥₹])[^0-9a-z]*$/

/** Why `found` is not dollars, and what to write instead where that is sure. */
export function dollarsMistake(found: unknown): string {
  const meant = meantDollars(found)
  const instead = meant === undefined ? '' : `: write "${meant}"`
  return `${wantedDollars(found)}; found ${foundText(found)}${instead}`
}

/**
 * The decimal text that was meant by `500`, `$5`, `5 dollars`, `5,00`, `1,000.00` or `1e3`. Undefined where it could be
 * two amounts (`1,000`), another currency, or nothing.
 */
export function meantDollars(found: unknown): string | undefined {
  if (typeof found !== 'number' && typeof found !== 'string') return undefined
  const bare = String(found)
    .trim()
    .replace(/^(US\s?\$|USD|\$)\s*/i, '')
    .replace(/\s*(US\s?\$|USD|\$|(US )?dollars?)$/i, '')
  const plain = withoutSeparators(bare)
  if (plain === undefined) return undefined
  const text = /e/i.test(plain) ? String(Number(plain)) : plain.replace(/^0+(?=[0-9])/, '')
  return parseUsd(text) === undefined || text === found ? undefined : text
}

/** Undefined where a comma could be a decimal point as well as a separator of thousands. */
function withoutSeparators(bare: string): string | undefined {
  if (/^[0-9]+,[0-9]{1,2}$/.test(bare)) return bare.replace(',', '.')
  if (/^[0-9]{1,3}(,[0-9]{3})+\.[0-9]+$/.test(bare)) return bare.replaceAll(',', '')
  if (/^[0-9]{1,3}(_[0-9]{3})+(\.[0-9]+)?$/.test(bare)) return bare.replaceAll('_', '')
  return /^[0-9]+(\.[0-9]+)?(e\+?[0-9]{1,2})?$/i.test(bare) ? bare : undefined
}

function wantedDollars(found: unknown): string {
  if (typeof found !== 'string') return 'dollars are decimal text in quotes, for example "5.00"'
  if (DOLLARS_SHAPE.test(found)) return `dollars have no leading zeros and are at most ${formatUsd(MAX_USD_MICROS)}`
  const wanted = 'dollars are decimal text without sign or exponent and with at most six decimals, for example "5.00"'
  if (meantDollars(found) !== undefined || !OTHER_CURRENCY.test(found)) return wanted
  return `${wanted}; caps and prices are in US dollars alone, other currencies have rates in \`spec.currencies\``
}
