import type { ModelPrice } from '../../contract/pricing.ts'

/**
 * The most that a model writes, by the beginning of its name; the first that fits holds. OpenAI's own model pages were not
 * read for these. 4,096: the API's error as told in https://github.com/openai/openai-python/issues/687. 128,000 of gpt-5:
 * https://community.openai.com/t/1344734. 16,384, 32,768 and 100,000: tables of others alone, so assumptions to be checked.
 * A model that is not here, every gpt-3.5 and every `pro` among them, may write all that it can hold.
 */
const MOST_OUTPUT: readonly (readonly [name: RegExp, tokens: number])[] = [
  [/^gpt-4(-turbo|-vision|-1106|-0125)/, 4_096],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.5)/, 16_384],
  [/^gpt-4\.1/, 32_768],
  [/^(o1|o3|o4)(-mini|-preview|-20[0-9]{2}|$)/, 100_000],
  [/^gpt-5(?!.*pro)/, 128_000],
]

/**
 * The most that one picture is billed as. Tiles: a base and a price a tile of 512 pixels, at most eight within
 * 2,048 × 768. Patches: 1,536 times the model's factor, of which the highest, 2.46, holds for all. OpenAI's guide itself was
 * not read: the rules are those of a copy (https://openai-hd4n6.mintlify.app/docs/guides/images), the figures those of
 * https://github.com/srinathmkce/imagetoken (`config.py`) and of what users measured
 * (https://community.openai.com/t/1262691). The factor of o1 and o3 rests on that measurement alone. To be checked.
 */
const MOST_IMAGE: readonly (readonly [name: RegExp, tokens: number])[] = [
  [/^gpt-4o-mini/, 2_833 + 8 * 5_667],
  [/^(gpt-4\.1-(mini|nano)|gpt-5-(mini|nano)|o4-mini)/, 3_779],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-)/, 85 + 8 * 170],
  [/^o[13](-20|-pro|$)/, 75 + 8 * 150],
  [/^gpt-5(-20|-chat|$)/, 70 + 8 * 140],
]

/** Of a model whose rule is not known here: an assumption, ten times what later models were measured at. */
const ANY_IMAGE_TOKENS = 50_000

/** Tokens; null: nothing is known of it. What it can hold is never less than what it can write. */
export function mostOutputTokens({ model, contextTokens }: ModelPrice): number | null {
  return MOST_OUTPUT.find(([name]) => name.test(model))?.[1] ?? contextTokens
}

/**
 * `bytes`: of a picture within the request. Where no rule is known they may count as text, as a user saw with gpt-5.4-mini
 * (https://community.openai.com/t/1380539), up to all that the model can hold.
 */
export function mostImageTokens({ model, contextTokens }: ModelPrice, bytes: number): number {
  const known = MOST_IMAGE.find(([name]) => name.test(model))?.[1]
  return known ?? Math.max(ANY_IMAGE_TOKENS, Math.min(bytes, contextTokens ?? bytes))
}
