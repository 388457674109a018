import { jsonAnswer, objectIn, textIn, tokensOf } from '../talk.ts'
import type { Outcome, VendorCall } from '../vendor.ts'

export interface Unbilled {
  readonly headers: Readonly<Record<string, string>>
  /** For what the call makes. */
  readonly newId: () => string
  readonly createdMs: number
}

/**
 * What OpenAI bills nobody for: moderation, counting, and changes of what it keeps by an id. The ids are not held against
 * what was made. Undefined for every other route.
 */
export function unbilled(call: VendorCall, { headers, newId, createdMs }: Unbilled): Outcome | undefined {
  const { method, path } = call
  const body = objectIn(call.body) ?? {}
  const said = (answer: object, kind: 'read' | 'effect', action?: string): Outcome => ({
    answer: jsonAnswer(200, answer, headers),
    fact: { kind, status: 200, route: `${method} ${path}`, ...(action === undefined ? {} : { action }) },
    conclude: () => {},
  })
  if (method === 'POST' && path === '/v1/moderations') {
    const results = [body['input']].flat().map((text) => ({ flagged: textIn(text).includes('#flag'), categories: {} }))
    return said({ id: 'modr-1', model: 'omni-moderation-latest', results }, 'read')
  }
  if (method === 'POST' && path === '/v1/responses/input_tokens') {
    return said({ object: 'response.input_tokens', input_tokens: tokensOf(textIn(body['input']), 1) }, 'read')
  }
  if (method === 'POST' && path === '/v1/conversations') {
    const metadata = body['metadata'] ?? {}
    const made = { id: `conv_${newId()}`, object: 'conversation', created_at: Math.floor(createdMs / 1_000), metadata }
    return said(made, 'effect', 'conversation.created')
  }
  const kept = /^\/v1\/(responses|chat\/completions|conversations)\/([^/]+)(\/cancel|\/items)?$/.exec(path)
  const [, kind, id, action] = kept ?? []
  if (id === undefined || id === 'compact') return undefined
  const object = kind === 'responses' ? 'response' : kind === 'conversations' ? 'conversation' : 'chat.completion'
  if (method === 'DELETE' && action === undefined) return said({ id, object, deleted: true }, 'effect', 'deleted')
  if (method !== 'POST') return undefined
  if (action === '/cancel' && kind === 'responses')
    return said({ id, object, status: 'cancelled' }, 'effect', 'cancelled')
  if (action === '/items' && kind === 'conversations') {
    return said({ object: 'list', data: body['items'] ?? [], has_more: false }, 'effect', 'items.added')
  }
  return action === undefined && kind !== 'responses'
    ? said({ id, object, metadata: body['metadata'] ?? {} }, 'effect', 'metadata.changed')
    : undefined
}
