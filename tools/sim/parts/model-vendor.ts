import type { Chance } from '../chance.ts'

export interface Prompt {
  readonly customer: string
  readonly mostTokens: number
  readonly isStreamed: boolean
  /** A stream says what it cost only where that is asked for. */
  readonly asksForUsage: boolean
}

/** What a request asks of the model: for whom, and for how many tokens at most. */
export function readPrompt(body: string): Prompt {
  const { messages, max_tokens, stream, stream_options } = JSON.parse(body) as {
    messages: readonly { content: string }[]
    max_tokens: number
    stream?: boolean
    stream_options?: { include_usage?: boolean }
  }
  return {
    customer: messages[0]?.content ?? '',
    mostTokens: max_tokens,
    isStreamed: stream === true,
    asksForUsage: stream_options?.include_usage === true,
  }
}

export function completion(nth: number, outputTokens: number): object {
  return {
    id: `chatcmpl-${nth}`,
    object: 'chat.completion',
    model: 'tiny',
    choices: [{ index: 0, message: { role: 'assistant', content: `answer ${nth}` }, finish_reason: 'stop' }],
    usage: usageOf(outputTokens),
  }
}

/** The same as a stream of events, cut into parts wherever the network likes. */
export function completionParts(
  chance: Chance,
  { nth, outputTokens, asksForUsage }: { nth: number; outputTokens: number; asksForUsage: boolean },
): string[] {
  const head = { id: `chatcmpl-${nth}`, object: 'chat.completion.chunk', model: 'tiny' }
  const choice = (delta: object, finish: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(asksForUsage ? { usage: null } : {}),
  })
  const chunks = [
    choice({ role: 'assistant', content: '' }, null),
    choice({ content: 'answer ' }, null),
    choice({ content: String(nth) }, null),
    choice({}, 'stop'),
    ...(asksForUsage ? [{ ...head, choices: [], usage: usageOf(outputTokens) }] : []),
  ]
  return cut(
    chance,
    [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`),
  )
}

/** Mostly an event a part; else wherever. */
function cut(chance: Chance, events: readonly string[]): string[] {
  if (chance.is(0.5)) return [...events]
  const text = events.join('')
  const places = Array.from({ length: chance.pick([1, 3, 8]) }, () => chance.below(text.length))
  // The end is where most goes by what comes together.
  const all = [0, ...places, text.length - 1 - chance.below(20), text.length].sort((one, other) => one - other)
  return all
    .slice(1)
    .map((to, at) => text.slice(all[at], to))
    .filter((part) => part !== '')
}

function usageOf(outputTokens: number): object {
  return { prompt_tokens: 7, completion_tokens: outputTokens, total_tokens: 7 + outputTokens }
}
