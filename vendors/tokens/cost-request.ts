import type { ModelPrice, TokenPricing, VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { readBody } from '../content/body.ts'
import { isRefusal } from '../content/guard.ts'
import { isNull, type Json } from '../content/json.ts'
import { findModel, type PriceList } from './cost-models.ts'

/** The members of a JSON object, numbers as they were written. */
export type Members = ReadonlyMap<string, Json>

/** A request for tokens whose form is understood. */
export interface TokenRequest {
  readonly members: Members
  readonly model: ModelPrice
  /** Whether the vendor's own list gave the price. */
  readonly isListed: boolean
  readonly bodyBytes: number
}

export interface TokenApi {
  readonly list: PriceList
  /** Top-level fields whose effect on the price is known. */
  readonly fields: ReadonlySet<string>
  /** Where a request does not name its model by the model's own name. `named`: the body's `model`. */
  readonly modelOf?: (named: string | undefined) => string | Refusal
}

/** Longer names are nobody's, and would only fill messages and records. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$/

/** Above this a limit of tokens is a mistake, or an attempt at an overflow. */
const MOST_TOKENS = 1_000_000_000

export function tokenPricing({ tokens }: VendorPricing): TokenPricing {
  if (tokens === undefined) throw new Error('the policy gave no token prices for an LLM vendor')
  return tokens
}

/** What stands in the body, and which model it is for. A field that nobody has judged may change the price, so it is refused. */
export function readTokenRequest(
  call: CallText,
  { list, fields, modelOf }: TokenApi,
  pricing: TokenPricing,
): TokenRequest | Refusal {
  const members = membersOf(call)
  if (isRefusal(members)) return members
  const unknown = [...members.keys()].find((name) => !fields.has(name) && !pricing.freeFields.includes(name))
  if (unknown !== undefined) {
    return unbounded(
      `The field \`${show(unknown)}\` is not known here, so it may change the price.`,
      'If it does not, list it under `freeFields` of the vendor in the policy.',
    )
  }
  const named = textOf(members.get('model'))
  const name = modelOf === undefined ? named : modelOf(named)
  if (typeof name === 'object') return name
  if (name === undefined || !MODEL_NAME.test(name)) {
    return refusal('model_unknown', 'The request names no `model`, or one with characters that no model has.')
  }
  const model = findModel(name, pricing, list)
  if (model === undefined) return modelUnknown(name, list, pricing)
  return { members, model, isListed: !pricing.models.includes(model), bodyBytes: call.body.length }
}

function modelUnknown(name: string, list: PriceList, { usesListPrices }: TokenPricing): Refusal {
  const where = usesListPrices ? `the price list of ${list.date}, nor in the policy` : 'the policy'
  return refusal(
    'model_unknown',
    `The model \`${name}\` is not in ${where}. Declare it there under \`models\` of the vendor: ` +
      `{name: "${name}", inputUsd: "2.50", outputUsd: "10.00"}, dollars for a million tokens.`,
  )
}

export function unbounded(what: string, wayOut: string): Refusal {
  return refusal('price_unbounded', `${what} ${wayOut}`)
}

/** Tables give what a model can hold in round figures. */
const CONTEXT_MARGIN_TENTHS = 11

/** Part of the input does not show in the body: then it is at most all that the model can hold. `here`: what does show. */
export function contextBound({ model, contextTokens }: ModelPrice, here: number): number | Refusal {
  if (contextTokens === null) {
    return unbounded(
      'Part of the input does not show in the request, and how much the model can hold is not known.',
      `Give \`contextTokens\` of \`${model}\` in the policy, or send the input itself.`,
    )
  }
  return Math.max(here, Math.ceil((contextTokens * CONTEXT_MARGIN_TENTHS) / 10))
}

/** The JSON object in the body. */
export function membersOf(call: CallText): Members | Refusal {
  const read = readBody(call)
  if (isRefusal(read)) return read
  if (read.kind !== 'json' || read.value.kind !== 'object') {
    return refusal('body_unreadable', 'The body is not a JSON object with Content-Type application/json.')
  }
  return read.value.members
}

/** A count of tokens, or of answers; null when the field is missing or null. */
export function countAt(members: Members, name: string): number | null | Refusal {
  const value = members.get(name)
  if (isNothing(value)) return null
  const count = value?.kind === 'number' && /^[0-9]{1,10}$/.test(value.source) ? Number(value.source) : 0
  if (count >= 1 && count <= MOST_TOKENS) return count
  return refusal('amount_invalid', `\`${name}\` is not a whole number from 1 to ${MOST_TOKENS}.`)
}

export function isNothing(value: Json | undefined): boolean {
  return value === undefined || isNull(value)
}

export function isTrue(value: Json | undefined): boolean {
  return value?.kind === 'word' && value.value === 'true'
}

export function textOf(value: Json | undefined): string | undefined {
  return value?.kind === 'text' ? value.value : undefined
}

export function memberOf(value: Json | undefined, name: string): Json | undefined {
  return value?.kind === 'object' ? value.members.get(name) : undefined
}

export function memberText(value: Json | undefined, name: string): string | undefined {
  return textOf(memberOf(value, name))
}

/** What stands in the place of a list is taken for its one item: a vendor may be as lenient. */
export function itemsOf(value: Json | undefined): readonly Json[] {
  if (value?.kind === 'list') return value.items
  return value === undefined || isNothing(value) ? [] : [value]
}

/** Part of a request's own words in a message of ours: short, and nothing that a terminal would obey. */
export function show(text: string): string {
  return text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')
}
