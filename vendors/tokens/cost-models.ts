import type { ModelPrice, TokenPrices, TokenPricing } from '../../contract/pricing.ts'

/** A vendor's own prices, by the names of its models. */
export interface PriceList {
  /** ISO day on which they were taken down. */
  readonly date: string
  find(name: string): ModelPrice | undefined
}

/** What may stand behind a model's name without making another model of it. */
const DATE = /-(?:latest|[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2})$/

/**
 * Reads a table of prices, one model a line, four columns divided by `|`:
 * 1. its names; one with `~` at its end is also meant with a date or `-latest` behind it;
 * 2. micro-dollars for a million tokens of input, output, cache read, cache write, cache write for an hour;
 * 3. the most tokens it can hold, `-` where that is not known;
 * 4. `-`, or the input above which other prices hold for the whole request, and those five.
 */
export function readPriceTable(date: string, table: string): PriceList {
  const exact = new Map<string, ModelPrice>()
  const dated = new Map<string, ModelPrice>()
  for (const line of table.trim().split('\n')) {
    const [names = '', base = '', context = '', step = ''] = line.split('|').map((column) => column.trim())
    const [above, ...long] = step.split(' ')
    const price = {
      base: readPrices(base.split(' ')),
      long: step === '-' ? null : { aboveTokens: Number(above), prices: readPrices(long) },
      contextTokens: context === '-' ? null : Number(context),
    }
    for (const name of names.split(' ')) {
      const model = name.replace(/~$/, '')
      exact.set(model, { model, ...price })
      if (name !== model) dated.set(model, { model, ...price })
    }
  }
  return { date, find: (name) => exact.get(name) ?? dated.get(name.replace(DATE, '')) }
}

function readPrices(figures: readonly string[]): TokenPrices {
  const [input, output, cacheRead, cacheWrite, cacheWriteHour] = figures.map(Number).filter(Number.isSafeInteger)
  if (input === undefined || output === undefined || cacheRead === undefined) throw new Error('a price is missing')
  if (cacheWrite === undefined || cacheWriteHour === undefined) throw new Error('a price of cache writes is missing')
  return {
    inputPerMillionUsdMicros: input,
    outputPerMillionUsdMicros: output,
    cacheReadPerMillionUsdMicros: cacheRead,
    cacheWritePerMillionUsdMicros: cacheWrite,
    cacheWriteHourPerMillionUsdMicros: cacheWriteHour,
  }
}

/** The policy's own price, else the list's where the policy lets it hold. */
export function findModel(name: string, pricing: TokenPricing, list: PriceList): ModelPrice | undefined {
  const declared = pricing.models.find(({ model }) => model === name)
  return declared ?? (pricing.usesListPrices ? list.find(name) : undefined)
}

/** Tokens of one request by what they are billed as. */
export interface TokenCount {
  /** Not from a cache, and not into one. */
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWriteHour: number
  readonly output: number
}

/** 10 000 is the standard price. */
export const STANDARD_TIER_BASIS_POINTS = 10_000

const TOKENS_A_PRICE = 1_000_000n
const BASIS_POINTS_OF_ALL = 10_000n

/** What that many tokens cost, exact, rounded up to a micro-dollar once. */
export function priceOfTokens(model: ModelPrice, count: TokenCount, tierBasisPoints: number): bigint {
  const { input, cacheRead, cacheWrite, cacheWriteHour, output } = count
  const allInput = input + cacheRead + cacheWrite + cacheWriteHour
  const { base, long } = model
  const prices = long !== null && allInput > long.aboveTokens ? long.prices : base
  const parts: readonly (readonly [tokens: number, price: number])[] = [
    [input, prices.inputPerMillionUsdMicros],
    [cacheRead, prices.cacheReadPerMillionUsdMicros],
    [cacheWrite, prices.cacheWritePerMillionUsdMicros],
    [cacheWriteHour, prices.cacheWriteHourPerMillionUsdMicros],
    [output, prices.outputPerMillionUsdMicros],
  ]
  const sum = parts.reduce((total, [tokens, price]) => total + BigInt(tokens) * BigInt(price), 0n)
  return divideUp(sum * BigInt(tierBasisPoints), TOKENS_A_PRICE * BASIS_POINTS_OF_ALL)
}

/** How input may be billed at most: at the price of input that nothing caches, or that a cache takes up. */
export type InputRate = 'plain' | 'written' | 'written_for_an_hour'

/** The most that a request can cost: never below `priceOfTokens` of any usage within these limits. */
export function mostForTokens(
  model: ModelPrice,
  most: { readonly input: number; readonly output: number; readonly rate: InputRate },
  tierBasisPoints: number,
): bigint {
  const { base, long } = model
  const candidates = long !== null && most.input > long.aboveTokens ? [base, long.prices] : [base]
  const dearest = candidates.map((prices) => {
    const input = BigInt(most.input) * BigInt(inputPrice(prices, most.rate))
    return input + BigInt(most.output) * BigInt(prices.outputPerMillionUsdMicros)
  })
  const sum = dearest.reduce((left, right) => (left > right ? left : right))
  return divideUp(sum * BigInt(tierBasisPoints), TOKENS_A_PRICE * BASIS_POINTS_OF_ALL)
}

function inputPrice(prices: TokenPrices, rate: InputRate): number {
  const plain = Math.max(prices.inputPerMillionUsdMicros, prices.cacheReadPerMillionUsdMicros)
  switch (rate) {
    case 'plain':
      return plain
    case 'written':
      return Math.max(plain, prices.cacheWritePerMillionUsdMicros)
    case 'written_for_an_hour':
      return Math.max(plain, prices.cacheWritePerMillionUsdMicros, prices.cacheWriteHourPerMillionUsdMicros)
  }
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by
}
