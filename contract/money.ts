declare const usdMicros: unique symbol

/** Whole millionths of a US dollar, 0 to 2^53 - 1. Made only by the parsers and sums of this file. */
export type UsdMicros = number & { readonly [usdMicros]: true }

/** The largest amount that a double, a Lua number and SQLite all hold exactly: 2^53 - 1 micro-dollars. */
export const MAX_USD_MICROS = Number.MAX_SAFE_INTEGER as UsdMicros

/** No money. */
export const ZERO_USD = 0 as UsdMicros

const DECIMAL_USD = /^(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,6})?$/

/**
 * Reads dollars from decimal text such as `"5.00"`: no sign, no exponent, no leading zeros, at most six decimals.
 * Undefined when the text is anything else or lies above 2^53 - 1 micro-dollars.
 */
export function parseUsd(text: string): UsdMicros | undefined {
  if (!DECIMAL_USD.test(text)) return undefined
  const [dollars = '', fraction = ''] = text.split('.')
  return usdMicrosOf(BigInt(dollars) * 1_000_000n + BigInt(fraction.padEnd(6, '0')))
}

/** Undefined when `micros` is negative or above 2^53 - 1. */
export function usdMicrosOf(micros: bigint): UsdMicros | undefined {
  if (micros < 0n || micros > BigInt(MAX_USD_MICROS)) return undefined
  return Number(micros) as UsdMicros
}

/** Dollars as decimal text with at least two decimals: `5.00`, `0.0079`. */
export function formatUsd(amount: UsdMicros): string {
  const micros = BigInt(amount)
  const fraction = (micros % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '')
  return `${micros / 1_000_000n}.${fraction}`
}

/** Sum, exact. Undefined above 2^53 - 1. */
export function addUsd(left: UsdMicros, right: UsdMicros): UsdMicros | undefined {
  return usdMicrosOf(BigInt(left) + BigInt(right))
}

/** `left - right`, or 0 when `right` is the larger. */
export function subtractUsd(left: UsdMicros, right: UsdMicros): UsdMicros {
  return (left > right ? left - right : 0) as UsdMicros
}
