import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import type { Json } from '../content/json.ts'
import { type Content, NO_CONTENT } from '../tokens/cost-content.ts'
import { countAt, isNothing, isTrue, itemsOf, type Members, unbounded } from '../tokens/cost-request.ts'

/**
 * What `prompt` of a completion, and `input` of embeddings, hold: texts, or tokens by number, of which each takes a byte or
 * more as a text does. Some servers of this protocol take objects too, with pictures in them, or their addresses.
 */
export function plainContent(name: 'prompt' | 'input', value: Json | undefined): Content | Refusal {
  const isPlain = itemsOf(value).every(
    (item) => item.kind === 'text' || isToken(item) || (item.kind === 'list' && item.items.every(isToken)),
  )
  return isPlain ? NO_CONTENT : unbounded(`What this \`${name}\` costs is not known here.`, 'Send texts, or tokens.')
}

function isToken({ kind }: Json): boolean {
  return kind === 'number'
}

/**
 * How many texts the model writes: for each prompt `n`, or `best_of` of which `n` are shown (openai-node 7.59). A list of
 * numbers is one prompt.
 */
export function textsWritten(members: Members): number | Refusal {
  const counts = [countAt(members, 'n'), countAt(members, 'best_of')]
  const refused = counts.find(isRefusal)
  if (refused !== undefined) return refused
  const each = Math.max(...counts.map((count) => (typeof count === 'number' ? count : 1)))
  const prompts = itemsOf(members.get('prompt'))
  return each * (prompts.every(isToken) ? 1 : prompts.length)
}

/** Tokens that each text has beyond the limit: with `echo` its prompt, which may count as written once more. */
export function echoedTokens(members: Members, bodyBytes: number): number {
  const echo = members.get('echo')
  return isNothing(echo) || (!isTrue(echo) && echo?.kind === 'word') ? 0 : bodyBytes
}
