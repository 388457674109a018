import { argumentsFor, piecesFor, piecesOf } from '../sample.ts'
import { eventStream, jsonAnswer, listen, numberIn, type Talk, textIn, tokensOf } from '../talk.ts'
import type { Answer } from '../vendor.ts'

interface Made {
  readonly answer: Answer
  readonly object: string
  readonly tokens: Record<string, number>
}

interface Message {
  readonly id: string
  readonly model: unknown
  readonly talk: Talk
  /** In pieces; where the request asks for an output of a schema, one of that. */
  readonly pieces: readonly string[]
  /** JSON of what the tool is called with. */
  readonly toolInput: string
  readonly stopReason: string
  readonly usage: Record<string, unknown>
}

/** `POST /v1/messages`, whole or as a stream. */
export function createMessage(
  body: Readonly<Record<string, unknown>>,
  made: { readonly id: string; readonly headers: Readonly<Record<string, string>> },
): Made {
  const messages = body['messages'] as readonly unknown[]
  const talk = listen(textIn(messages.at(-1)))
  const limit = Number(body['max_tokens'])
  const output = Math.min(talk.words.length, limit)
  const told = (name: string) => numberIn(talk.switches, name) ?? 0
  const counts = {
    input: tokensOf(
      `${textIn(messages)}${textIn(body['system'])}${JSON.stringify(body['tools'] ?? '')}`,
      messages.length,
    ),
    cached: told('cached'),
    written: told('written'),
    written_hour: told('written_hour'),
    output,
  }
  const tool = talk.switches.has('tool')
  const message: Message = {
    id: made.id,
    model: body['model'],
    talk,
    pieces: piecesAsked(body) ?? talk.words.slice(0, output),
    toolInput: argumentsFor(talk.switches.get('tool') ?? '', body['tools'], ({ name, input_schema }) => ({
      name,
      schema: input_schema,
    })),
    stopReason: tool ? 'tool_use' : talk.words.length > limit ? 'max_tokens' : 'end_turn',
    usage: {
      input_tokens: counts.input,
      cache_creation_input_tokens: counts.written + counts.written_hour,
      cache_read_input_tokens: counts.cached,
      cache_creation: { ephemeral_5m_input_tokens: counts.written, ephemeral_1h_input_tokens: counts.written_hour },
      output_tokens: outputOf(talk, output),
      service_tier: 'standard',
      ...(talk.switches.has('search') ? { server_tool_use: { web_search_requests: told('search') } } : {}),
      ...(talk.switches.has('geo') ? { inference_geo: talk.switches.get('geo') } : {}),
    },
  }
  const answer =
    body['stream'] === true
      ? eventStream(() => events(message), made.headers)
      : jsonAnswer(200, whole(message), made.headers)
  return { answer, object: made.id, tokens: counts }
}

function outputOf({ switches }: Talk, output: number): number {
  return (
    new Map([
      ['negative', -5],
      ['fraction', 1.5],
      ['huge', 9_000_000],
    ]).get(switches.get('usage') ?? '') ?? output
  )
}

function whole(message: Message): object {
  const { id, model, talk, stopReason, usage } = message
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [contentOf(message)],
    stop_reason: stopReason,
    stop_sequence: null,
    ...(talk.switches.get('usage') === 'missing' ? {} : { usage }),
  }
}

function contentOf({ talk, pieces, toolInput }: Message): object {
  const tool = talk.switches.get('tool')
  return tool === undefined
    ? { type: 'text', text: pieces.join('') }
    : { type: 'tool_use', id: `toolu_${tool}`, name: tool, input: JSON.parse(toolInput) as unknown }
}

function piecesAsked(body: Readonly<Record<string, unknown>>): string[] | undefined {
  type Format = { type?: string; schema?: unknown }
  const { format } = (body['output_config'] ?? {}) as { format?: Format }
  return piecesFor(format ?? (body['output_format'] as Format | undefined))
}

/** Events as documented: the usage of the input comes first, that of the output grows and comes at the end. */
function* events(message: Message): Generator<string> {
  const { id, model, talk, pieces, toolInput, stopReason, usage } = message
  const isMissing = talk.switches.get('usage') === 'missing'
  yield event('message_start', {
    message: {
      id,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...(isMissing ? {} : { usage: { ...usage, output_tokens: 1 } }),
    },
  })
  const tool = talk.switches.get('tool')
  const start = tool === undefined ? { type: 'text', text: '' } : { ...contentOf(message), input: {} }
  yield event('content_block_start', { index: 0, content_block: start })
  yield event('ping', {})
  const deltas =
    tool === undefined
      ? pieces.map((text) => ({ type: 'text_delta', text }))
      : piecesOf(toolInput).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
  for (const delta of deltas) yield event('content_block_delta', { index: 0, delta })
  yield event('content_block_stop', { index: 0 })
  if (talk.switches.has('overloaded')) {
    yield event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })
    return
  }
  const delta = { stop_reason: stopReason, stop_sequence: null }
  yield event('message_delta', { delta, ...(isMissing ? {} : { usage }) })
  yield event('message_stop', {})
}

function event(type: string, more: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
}
