import { type UsdMicros, usdMicrosOf } from '../../contract/money.ts'
import type { CurrencyTable } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'

/** Minor units that Stripe counts in; https://docs.stripe.com/currencies, not the ISO exponents. All others have two decimals. */
const ZERO_DECIMAL = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ')
const THREE_DECIMAL = 'BHD JOD KWD OMR TND'.split(' ')

const USD_MICROS_PER_CENT = 10_000n
const BASIS_POINTS = 10_000n

/** For calls that were reserved without the rates of another currency. */
export const DOLLARS_ONLY: CurrencyTable = { bufferBasisPoints: 0, usdMicrosPerMajorUnit: {}, hash: '' }

/** An amount as Stripe writes it: minor units, and three letters in either case. */
export interface StripeMoney {
  readonly minorUnits: bigint
  readonly currency: string
}

/** Dollars by the policy's table with its buffer, rounded up; US dollars as they are. */
export function usdMicrosOfMoney({ minorUnits, currency }: StripeMoney, table: CurrencyTable): UsdMicros | Refusal {
  const code = currency.toUpperCase()
  if (!/^[A-Z]{3}$/.test(code)) return currencyMissing()
  const micros = code === 'USD' ? minorUnits * USD_MICROS_PER_CENT : converted(minorUnits, code, table)
  if (micros === undefined) return refusal('currency_unknown', rateMissing(code), { currency: code })
  return (
    usdMicrosOf(micros) ?? refusal('amount_invalid', 'The amount is above what can be counted.', { field: 'amount' })
  )
}

function rateMissing(code: string): string {
  return `The currency ${code} has no rate in the policy. Add it to \`currencies.usdMicrosPerMajorUnit\` there, micro-dollars for one ${code}.`
}

export function currencyMissing(): Refusal {
  return refusal('amount_invalid', 'Send `currency` once, as a three-letter code.', { field: 'currency' })
}

function converted(minorUnits: bigint, code: string, table: CurrencyTable): bigint | undefined {
  const rates = table.usdMicrosPerMajorUnit
  const rate = Object.hasOwn(rates, code) ? rates[code] : undefined
  if (rate === undefined || !Number.isSafeInteger(rate) || rate < 1) return undefined
  const withBuffer = minorUnits * BigInt(rate) * (BASIS_POINTS + BigInt(table.bufferBasisPoints))
  return ceilDivide(withBuffer, 10n ** decimalsOf(code) * BASIS_POINTS)
}

function decimalsOf(code: string): bigint {
  if (ZERO_DECIMAL.includes(code)) return 0n
  return THREE_DECIMAL.includes(code) ? 3n : 2n
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
