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
      message: { role: 'assistant', ...said(talk, wordsOf(chat)), refusal: null, annotations: [] },
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
    const tool = chat.talk.switches.get('tool')
    if (tool === undefined) for (const word of wordsOf(chat)) yield chunk({ content: word }, null, index)
    else yield chunk({ tool_calls: [{ index: 0, ...toolCall(tool) }] }, null, index)
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

function wordsOf({ talk, counted, choices }: Chat): readonly string[] {
  return talk.words.slice(0, counted.output / choices - counted.reasoning)
}

function said(talk: Talk, words: readonly string[]): object {
  const tool = talk.switches.get('tool')
  return tool === undefined ? { content: words.join('') } : { content: null, tool_calls: [toolCall(tool)] }
}

function toolCall(name: string) {
  return { id: `call_${name}`, type: 'function', function: { name, arguments: '{"city":"Wien"}' } }
}

function finish({ talk, isCut }: Chat): string {
  if (talk.switches.has('tool')) return 'tool_calls'
  return isCut ? 'length' : 'stop'
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
