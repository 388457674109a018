import { argumentsFor, piecesFor, piecesOf } from '../sample.ts'
import { eventStream, jsonAnswer, listen, type Talk, textIn, tokensOf } from '../talk.ts'
import type { Answer } from '../vendor.ts'
import { type Counted, chatUsage, countOf, factsOf } from './usage.ts'

type Body = Readonly<Record<string, unknown>>

/** A chat completion as it was carried out. */
export interface Made {
  readonly answer: Answer
  readonly object: string
  readonly tokens: Record<string, number>
}

interface Chat {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly talk: Talk
  readonly counted: Counted
  readonly tier: string
  /** One for each answer asked for. */
  readonly choices: number
  readonly isCut: boolean
  /** In pieces; where the request asks for an output of a schema, one of that. */
  readonly pieces: readonly string[]
  readonly toolCall: ToolCall | undefined
}

interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

/** `POST /v1/chat/completions`, whole or as a stream. */
export function chatCompletion(
  body: Body,
  made: { readonly id: string; readonly createdMs: number; readonly headers: Readonly<Record<string, string>> },
): Made {
  const messages = Array.isArray(body['messages']) ? body['messages'] : []
  const talk = listen(textIn(messages.at(-1)))
  const limit = Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? 16_384)
  const input = tokensOf(`${textIn(messages)}${JSON.stringify(body['tools'] ?? '')}`, messages.length)
  const each = countOf(talk, { input, limit })
  const choices = Number(body['n'] ?? 1)
  const counted = { ...each, output: each.output * choices }
  const asked = typeof body['service_tier'] === 'string' ? body['service_tier'] : 'default'
  const chat: Chat = {
    id: made.id,
    created: Math.floor(made.createdMs / 1_000),
    model: String(body['model']),
    talk,
    counted,
    tier: talk.switches.get('tier') ?? (asked === 'auto' ? 'default' : asked),
    choices,
    isCut: talk.words.length + each.reasoning > limit,
    pieces: piecesAsked(body) ?? talk.words.slice(0, each.output - each.reasoning),
    toolCall: toolCallIn(body, talk),
  }
  const options = body['stream_options'] as { include_usage?: boolean } | undefined
  const answer =
    body['stream'] === true
      ? eventStream(() => chunks(chat, options?.include_usage === true), made.headers)
      : jsonAnswer(200, completion(chat), made.headers)
  return { answer, object: made.id, tokens: factsOf(counted) }
}

function completion(chat: Chat): object {
  const { talk, counted } = chat
  const usage = chatUsage(counted, talk)
  return {
    ...head(chat, 'chat.completion'),
    choices: Array.from({ length: chat.choices }, (_, index) => ({
      index,
      message: { role: 'assistant', ...said(chat), refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: finish(chat),
    })),
    ...(usage === undefined ? {} : { usage }),
    service_tier: chat.tier,
  }
}

/** Data lines as documented: a role, pieces of text, a reason, the usage where it was asked for, `[DONE]`. */
function* chunks(chat: Chat, includesUsage: boolean): Generator<string> {
  const usage = includesUsage ? { usage: null } : {}
  const chunk = (delta: object, finish_reason: string | null, index = 0) =>
    data({
      ...head(chat, 'chat.completion.chunk'),
      service_tier: chat.tier,
      choices: [{ index, delta, logprobs: null, finish_reason }],
      ...usage,
    })
  for (let index = 0; index < chat.choices; index += 1) {
    yield chunk({ role: 'assistant', content: '', refusal: null }, null, index)
    if (chat.toolCall === undefined) for (const content of chat.pieces) yield chunk({ content }, null, index)
    else
      for (const delta of callDeltas(chat.toolCall)) yield chunk({ tool_calls: [{ index: 0, ...delta }] }, null, index)
    yield chunk({}, finish(chat), index)
  }
  const total = chatUsage(chat.counted, chat.talk)
  if (includesUsage && total !== undefined) {
    yield data({ ...head(chat, 'chat.completion.chunk'), service_tier: chat.tier, choices: [], usage: total })
  }
  yield 'data: [DONE]\n\n'
}

function head({ id, created, model }: Chat, object: string) {
  return { id, object, created, model, system_fingerprint: 'fp_standin' }
}

function said({ pieces, toolCall }: Chat): object {
  return toolCall === undefined ? { content: pieces.join('') } : { content: null, tool_calls: [shown(toolCall)] }
}

function shown({ id, name, arguments: given }: ToolCall): object {
  return { id, type: 'function', function: { name, arguments: given } }
}

/** First which tool, then what it is given, piece by piece. */
function callDeltas(call: ToolCall): object[] {
  const pieces = piecesOf(call.arguments).map((piece) => ({ function: { arguments: piece } }))
  return [shown({ ...call, arguments: '' }), ...pieces]
}

function toolCallIn(body: Body, { switches }: Talk): ToolCall | undefined {
  const name = switches.get('tool')
  if (name === undefined) return undefined
  const asked = argumentsFor(name, body['tools'], (tool) => {
    const { name: its, parameters } = (tool['function'] ?? {}) as Body
    return { name: its, schema: parameters }
  })
  return { id: `call_${name}`, name, arguments: asked }
}

function piecesAsked(body: Body): string[] | undefined {
  const format = (body['response_format'] ?? {}) as { type?: string; json_schema?: { schema?: unknown } }
  return piecesFor({ type: format.type, schema: format.json_schema?.schema })
}

function finish({ toolCall, isCut }: Chat): string {
  if (toolCall !== undefined) return 'tool_calls'
  return isCut ? 'length' : 'stop'
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
