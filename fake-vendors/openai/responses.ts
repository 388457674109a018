import { eventStream, jsonAnswer, listen, textIn, tokensOf } from '../talk.ts'
import type { Made } from './chat.ts'
import { countOf, factsOf, responseUsage } from './usage.ts'

/** `POST /v1/responses`, whole or as a stream. */
export function createResponse(
  body: Readonly<Record<string, unknown>>,
  made: { readonly id: string; readonly createdMs: number; readonly headers: Readonly<Record<string, string>> },
): Made {
  const input = body['input']
  const talk = listen(textIn(Array.isArray(input) ? input.at(-1) : input))
  const limit = Number(body['max_output_tokens'] ?? 128_000)
  const counted = countOf(talk, { input: tokensOf(`${textIn(input)}${textIn(body['instructions'])}`, 1), limit })
  const words = talk.words.slice(0, counted.output - counted.reasoning)
  const isCut = talk.words.length + counted.reasoning > limit
  const base = {
    id: made.id,
    object: 'response',
    created_at: Math.floor(made.createdMs / 1_000),
    error: null,
    incomplete_details: null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    model: body['model'],
    parallel_tool_calls: true,
    previous_response_id: body['previous_response_id'] ?? null,
    service_tier: talk.switches.get('tier') ?? 'default',
    metadata: {},
  }
  const tool = talk.switches.get('tool')
  const item =
    tool === undefined
      ? messageItem(made.id, words.join(''))
      : {
          id: `fc_${made.id}`,
          type: 'function_call',
          status: 'completed',
          call_id: `call_${tool}`,
          name: tool,
          arguments: '{"city":"Wien"}',
        }
  const usage = responseUsage(counted, talk)
  const whole = {
    ...base,
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: [item],
    usage: usage ?? null,
  }
  const answer =
    body['stream'] === true
      ? eventStream(() => events({ base, item, words, whole, id: made.id, isCut }), made.headers)
      : jsonAnswer(200, whole, made.headers)
  return { answer, object: made.id, tokens: factsOf(counted) }
}

interface Streamed {
  readonly id: string
  readonly base: object
  readonly item: object
  readonly words: readonly string[]
  readonly whole: object
  readonly isCut: boolean
}

function* events({ id, base, item, words, whole, isCut }: Streamed): Generator<string> {
  let sequence_number = 0
  const event = (type: string, more: object) => {
    const text = `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...more })}\n\n`
    sequence_number += 1
    return text
  }
  const place = { item_id: `msg_${id}`, output_index: 0, content_index: 0 }
  const part = { type: 'output_text', annotations: [], text: '' }
  yield event('response.created', { response: { ...base, status: 'in_progress', output: [], usage: null } })
  yield event('response.in_progress', { response: { ...base, status: 'in_progress', output: [], usage: null } })
  yield event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress' } })
  yield event('response.content_part.added', { ...place, part })
  for (const delta of words) yield event('response.output_text.delta', { ...place, delta, logprobs: [] })
  yield event('response.output_text.done', { ...place, text: words.join(''), logprobs: [] })
  yield event('response.content_part.done', { ...place, part: { ...part, text: words.join('') } })
  yield event('response.output_item.done', { output_index: 0, item })
  yield event(isCut ? 'response.incomplete' : 'response.completed', { response: whole })
}

function messageItem(id: string, text: string): object {
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text }]
  return { id: `msg_${id}`, type: 'message', status: 'completed', role: 'assistant', content }
}
