import type { ModelPrice } from '../../contract/pricing.ts'

/** The most that a model writes, by the beginning of its name (OpenAI's model pages, read 2026-11-25). The first that fits holds. */
const MOST_OUTPUT: readonly (readonly [name: RegExp, tokens: number])[] = [
  [/^gpt-3\.5/, 4_096],
  [/^gpt-4(-turbo|-vision|-1106|-0125)/, 4_096],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.5)/, 16_384],
  [/^gpt-4\.1/, 32_768],
  [/^(o1|o3|o4)(-|$)/, 100_000],
  [/^gpt-5/, 128_000],
]

/**
 * The most that one picture is billed as, by OpenAI's rules (https://platform.openai.com/docs/guides/images-vision,
 * read 2026-11-25): eight tiles of 512 pixels and the base, or 1,536 patches times the model's factor.
 */
const MOST_IMAGE: readonly (readonly [name: RegExp, tokens: number])[] = [
  [/^gpt-4o-mini/, 2_833 + 8 * 5_667],
  [/^(gpt-4\.1-(mini|nano)|gpt-5-(mini|nano)|o4-mini)/, 3_779],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-)/, 85 + 8 * 170],
  [/^o[13](-2|-pro|$)/, 75 + 8 * 150],
  [/^gpt-5(-2|-chat|$)/, 70 + 8 * 140],
]

/** More than any model documents for one picture. */
const ANY_IMAGE_TOKENS = 50_000

/** Tokens; null: nothing is known of it. What it can hold is never less than what it can write. */
export function mostOutputTokens({ model, contextTokens }: ModelPrice): number | null {
  return MOST_OUTPUT.find(([name]) => name.test(model))?.[1] ?? contextTokens
}

export function mostImageTokens({ model }: ModelPrice): number {
  return MOST_IMAGE.find(([name]) => name.test(model))?.[1] ?? ANY_IMAGE_TOKENS
}
