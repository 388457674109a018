import { numberIn, type Talk } from '../talk.ts'

export interface Counted {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
  readonly reasoning: number
}

export function countOf({ switches, words }: Talk, { input, limit }: { input: number; limit: number }): Counted {
  const reasoning = Math.min(numberIn(switches, 'reasoning') ?? 0, limit)
  return {
    input,
    cached: Math.min(numberIn(switches, 'cached') ?? 0, input),
    written: numberIn(switches, 'written') ?? 0,
    output: Math.min(words.length + reasoning, limit),
    reasoning,
  }
}

/** For the truth file. */
export function factsOf({ input, cached, written, output }: Counted): Record<string, number> {
  return { input, cached, written, output }
}

export function chatUsage(counted: Counted, { switches }: Talk): object | undefined {
  const { input, cached, written, output, reasoning } = counted
  const usage = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: {
      cached_tokens: cached,
      audio_tokens: 0,
      ...(written > 0 ? { cache_write_tokens: written } : {}),
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
  return spoilt(usage, 'completion_tokens', switches.get('usage'))
}

export function responseUsage(counted: Counted, { switches }: Talk): object | undefined {
  const { input, cached, written, output, reasoning } = counted
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  }
  return spoilt(usage, 'output_tokens', switches.get('usage'))
}

/** A count that no vendor should give. */
export function spoilt(usage: object, name: string, how: string | undefined): object | undefined {
  if (how === 'missing') return undefined
  const wrong = WRONG_COUNTS.get(how ?? '')
  return wrong === undefined ? usage : { ...usage, [name]: wrong }
}

const WRONG_COUNTS: ReadonlyMap<string, number> = new Map([
  ['negative', -5],
  ['fraction', 1.5],
  ['huge', 9_000_000],
])
