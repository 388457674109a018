import { type UsdMicros, usdMicrosOf, ZERO_USD } from '../../contract/money.ts'
import type { ModelPrice } from '../../contract/pricing.ts'
import type { Actual, Priced, Settleable } from '../costing.ts'
import { isSuccess } from '../verdict.ts'

/** A value of an answer's JSON: nothing is known of its shape. */
export type Unknown = Readonly<Record<string, unknown>>

export function objectAt(value: unknown, name: string): Unknown | undefined {
  const inner = isObject(value) ? value[name] : undefined
  return isObject(inner) ? inner : undefined
}

/** A count of tokens as an answer gives it; null when it is missing, undefined when it cannot be one. */
export function tokensAt(value: unknown, name: string): number | null | undefined {
  const count = isObject(value) ? value[name] : undefined
  if (count === undefined || count === null) return null
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

/** The first of these counts that is given; null when none is, undefined when one is given that cannot be one. */
export function firstTokensAt(value: unknown, names: readonly string[]): number | null | undefined {
  const counts = names.map((name) => tokensAt(value, name))
  if (counts.includes(undefined)) return undefined
  return counts.find((count) => count !== null) ?? null
}

/** Undefined when the bytes are not JSON. */
export function parseAnswer(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'))
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a definite answer came to. `priceOf`: of its usage; undefined where it tells none that can be believed: then the bound. */
export function actualOf(
  status: number,
  bound: Settleable,
  priceOf: (model: ModelPrice) => bigint | undefined,
): Actual {
  const hasEffect = isSuccess(status) && bound.kind === 'priced'
  return {
    totalUsdMicros: hasEffect ? spent(bound, priceOf) : ZERO_USD,
    object: null,
    givesBack: null,
    hasEffect,
    isVendorReplay: false,
  }
}

function spent(bound: Priced, priceOf: (model: ModelPrice) => bigint | undefined): UsdMicros {
  const price = bound.model === undefined ? undefined : priceOf(bound.model)
  const told = price === undefined ? undefined : usdMicrosOf(price)
  return told ?? bound.totalUsdMicros
}
