import { eventStream, jsonAnswer, listen, textIn, tokensOf } from '../talk.ts'
import type { Made } from './chat.ts'
import { chatUsage, countOf, factsOf } from './usage.ts'

type Body = Readonly<Record<string, unknown>>

/** `POST /v1/completions`: a text for each prompt, `n` times; what `best_of` wrote in vain is counted too. */
export function completion(
  body: Body,
  made: { readonly id: string; readonly createdMs: number; readonly headers: Readonly<Record<string, string>> },
): Made {
  const prompts = promptsIn(body['prompt'])
  const talk = listen(textIn(prompts))
  const shown = Number(body['n'] ?? 1)
  const written = Math.max(shown, Number(body['best_of'] ?? 1)) * prompts.length
  const input = tokensOf(textIn(prompts), 0)
  const each = countOf(talk, { input, limit: Number(body['max_tokens'] ?? 16) })
  const counted = { ...each, output: each.output * written }
  const head = { id: made.id, object: 'text_completion', created: Math.floor(made.createdMs / 1_000) }
  const pieces = talk.words.slice(0, each.output)
  const usage = chatUsage(counted, talk)
  const texts = Array.from({ length: shown * prompts.length }, (_, index) => index)
  const choice = (index: number, text: string, finish_reason: string | null) => ({
    ...{ text, index, logprobs: null, finish_reason },
  })
  const options = body['stream_options'] as { include_usage?: boolean } | undefined
  function* events(): Generator<string> {
    const chunk = (choices: object[], more: object) => data({ ...head, model: body['model'], choices, ...more })
    const usageless = options?.include_usage === true ? { usage: null } : {}
    for (const index of texts) {
      for (const piece of pieces) yield chunk([choice(index, piece, null)], usageless)
      yield chunk([choice(index, '', 'stop')], usageless)
    }
    if (options?.include_usage === true) yield chunk([], { usage })
    yield 'data: [DONE]\n\n'
  }
  const whole = texts.map((index) => choice(index, pieces.join(''), 'stop'))
  const answer =
    body['stream'] === true
      ? eventStream(events, made.headers)
      : jsonAnswer(200, { ...head, model: body['model'], choices: whole, usage }, made.headers)
  return { answer, object: made.id, tokens: factsOf(counted) }
}

/** A list of numbers is one prompt, of tokens. */
function promptsIn(prompt: unknown): unknown[] {
  if (!Array.isArray(prompt)) return [prompt ?? '']
  return prompt.every((item) => typeof item === 'number') ? [''] : prompt
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
