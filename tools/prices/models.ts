import type { MatchLogic, ModelInfo, ModelPrice } from '@pydantic/genai-prices'

/** Micro-dollars for a million tokens. */
export interface RowPrices {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWriteHour: number
}

export interface PricedRow {
  /** As requests name the model; `~` at the end: also with a date or `-latest` behind. */
  readonly names: readonly string[]
  readonly base: RowPrices
  readonly long: { readonly aboveTokens: number; readonly prices: RowPrices } | null
  readonly contextTokens: number | null
}

interface Reading {
  readonly vendor: 'openai' | 'anthropic'
  /** ISO day. */
  readonly date: string
}

/**
 * Models of other routes, that take or give something else than text and images, that search by themselves, that are
 * fine-tuned, or whose weights are open, so that each vendor has a price of its own.
 */
const NOT_PRICED =
  /audio|realtime|transcribe|tts|image|search|moderation|whisper|deep-research|computer-use|^ft:|\.ft-|:|instruct|^(text-)?(ada-|ada$|babbage|curie|davinci)|gpt-oss|-v1$|-v2$/

/** Prices that a request on our routes can never incur: hosted searches are refused. */
const NOT_INCURRED = ['web_searches_kcount', 'storage_searches_kcount']

/** Undefined for a model that the routes we price cannot use. */
export function readModel(model: ModelInfo, reading: Reading): PricedRow | undefined {
  if (NOT_PRICED.test(model.id)) return undefined
  const matched = [...new Set(namesIn(model.match, reading.vendor))]
  const names = matched.filter((name) => !NOT_PRICED.test(name) && !matched.includes(`${name}~`))
  const prices = pricesOn(model, reading.date)
  const tier = tierOf(model, prices)
  if (names.length === 0) return undefined
  return {
    names,
    base: rowPrices(model, (key) => priceAt(prices, key, null)),
    long: tier === null ? null : { aboveTokens: tier, prices: rowPrices(model, (key) => priceAt(prices, key, tier)) },
    contextTokens: model.context_window ?? null,
  }
}

/**
 * The names that the list matches, but nothing looser than a date behind one: `starts_with: claude-sonnet-5` would take
 * a later model for this one. Anthropic dates every model; OpenAI's dated ones may cost something else.
 */
function namesIn(match: MatchLogic, vendor: Reading['vendor']): string[] {
  if ('or' in match) return match.or.flatMap((part) => namesIn(part, vendor))
  if ('equals' in match)
    return [vendor === 'anthropic' && !/[0-9]{8}$/.test(match.equals) ? `${match.equals}~` : match.equals]
  if ('starts_with' in match) return /[-@]$|-20[0-9]{2}$/.test(match.starts_with) ? [] : [`${match.starts_with}~`]
  if ('regex' in match) {
    const dated = /^\^([a-z0-9\\.-]+)-(?:\\d\{8\}|\\d\{4\}-\\d\{2\}-\\d\{2\})\$$/.exec(match.regex)?.[1]
    return dated === undefined ? [] : [`${dated.replaceAll('\\', '')}~`]
  }
  return []
}

/** What holds on that day; entries stand in the order of their start. */
function pricesOn({ id, prices }: ModelInfo, date: string): ModelPrice {
  if (!Array.isArray(prices)) return prices
  const holding = prices.filter(({ constraint }) => {
    if (constraint === undefined) return true
    if (constraint.type !== 'start_date') throw new Error(`${id}: a price that depends on the time of day`)
    return constraint.start_date <= date
  })
  const last = holding.at(-1)
  if (last === undefined) throw new Error(`${id}: no price holds on ${date}`)
  return last.prices
}

/** Where the dearer prices begin; one model has at most one such step. */
function tierOf({ id }: ModelInfo, prices: ModelPrice): number | null {
  const starts = Object.values(prices).flatMap((price) =>
    typeof price === 'object' ? price.tiers.map(({ start }) => start) : [],
  )
  const [first = null, ...others] = [...new Set(starts)]
  if (others.length > 0) throw new Error(`${id}: more than one step of prices`)
  return first
}

function priceAt(prices: ModelPrice, key: string, tier: number | null): number | undefined {
  const price = prices[key]
  if (typeof price !== 'object') return price
  return price.tiers.find(({ start }) => start === tier)?.price ?? price.base
}

function rowPrices({ id }: ModelInfo, priceOf: (key: string) => number | undefined): RowPrices {
  const known = [
    'input_mtok',
    'output_mtok',
    'cache_read_mtok',
    'cache_write_mtok',
    'cache_write_1h_mtok',
    ...NOT_INCURRED,
  ]
  const input = priceOf('input_mtok')
  if (input === undefined) throw new Error(`${id}: no price of input among ${known.join(', ')}`)
  const cacheWrite = priceOf('cache_write_mtok') ?? input
  return {
    input: micros(id, input),
    output: micros(id, priceOf('output_mtok') ?? 0),
    // A model without a price of its own for cached input is billed as if nothing had been cached.
    cacheRead: micros(id, priceOf('cache_read_mtok') ?? input),
    cacheWrite: micros(id, cacheWrite),
    cacheWriteHour: micros(id, priceOf('cache_write_1h_mtok') ?? cacheWrite),
  }
}

/** Dollars as the shortest text of the double, so that 0.1 is one tenth; no rounding takes place. */
function micros(id: string, usd: number): number {
  const [, whole = '', fraction = ''] = /^([0-9]+)(?:\.([0-9]{1,6}))?$/.exec(String(usd)) ?? []
  if (whole === '') throw new Error(`${id}: $${usd} for a million tokens is not whole micro-dollars`)
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'))
}
