import type { Refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import type { Json } from '../content/json.ts'

/** What a part of a conversation adds to the price besides its bytes. */
export type ContentPart =
  /** Nothing: what it holds is text. `isWhole`: of whatever shape, so that no part is looked for within it. */
  | { readonly kind: 'text'; readonly isWhole?: true }
  /** `dataBytes` of the body are no text but a picture, billed as so many tokens. */
  | { readonly kind: 'image'; readonly tokens: number; readonly dataBytes: number }
  /** The vendor fetches or unpacks what the model reads, so that its size does not show here. */
  | { readonly kind: 'elsewhere'; readonly dataBytes: number }

export interface Content {
  readonly imageTokens: number
  /** Bytes of the body that are no text. */
  readonly dataBytes: number
  /** Something of the input is not in the body. */
  readonly isElsewhere: boolean
}

export const NO_CONTENT: Content = { imageTokens: 0, dataBytes: 0, isElsewhere: false }

/** Walks all objects of a conversation, at whatever depth, and adds up what `judge` says of each. */
export function contentOf(
  roots: readonly (Json | undefined)[],
  judge: (members: ReadonlyMap<string, Json>) => ContentPart | Refusal,
): Content | Refusal {
  const waiting: Json[] = roots.filter((root) => root !== undefined)
  let content = NO_CONTENT
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (value.kind === 'list') {
      for (const item of value.items) waiting.push(item)
      continue
    }
    if (value.kind !== 'object') continue
    const part = judge(value.members)
    if (isRefusal(part)) return part
    content = added(content, part)
    if (part.kind === 'text' && part.isWhole === true) continue
    for (const member of value.members.values()) waiting.push(member)
  }
  return content
}

function added(content: Content, part: ContentPart): Content {
  switch (part.kind) {
    case 'text':
      return content
    case 'image':
      return {
        ...content,
        imageTokens: content.imageTokens + part.tokens,
        dataBytes: content.dataBytes + part.dataBytes,
      }
    case 'elsewhere':
      return { ...content, dataBytes: content.dataBytes + part.dataBytes, isElsewhere: true }
  }
}
