import type { ModelPrice } from '../../contract/pricing.ts'
import type { AnswerReader } from '../costing.ts'
import { EventSplitter, eventData } from '../tokens/cost-events.ts'
import { isObject, objectAt, type Unknown } from '../tokens/cost-usage.ts'
import { priceOfUsage } from './cost-usage.ts'

/** Only events that hold one of these words are parsed: most carry a few letters of text. */
const WORTH_READING = ['message_start', 'message_delta', 'message_stop']
const IN_ALL_OF_THEM = ['ge_']

/**
 * Reads the usage out of a stream on its way: that of the input comes with the first event, that of the output grows and
 * stands in the last. Only a stream that was ended by its own last event tells what it cost.
 */
export function anthropicReader(model: ModelPrice): AnswerReader {
  const events = new EventSplitter(IN_ALL_OF_THEM)
  let usage: Unknown = {}
  let hasFinalUsage = false
  let isComplete = false

  function read(event: Buffer): void {
    if (!WORTH_READING.some((word) => event.includes(word))) return
    const data = eventData(event)
    if (!isObject(data)) return
    switch (data['type']) {
      case 'message_start':
        usage = { ...usage, ...given(objectAt(objectAt(data, 'message'), 'usage')) }
        break
      case 'message_delta': {
        const more = objectAt(data, 'usage')
        usage = { ...usage, ...given(more) }
        hasFinalUsage = more !== undefined
        break
      }
      case 'message_stop':
        isComplete = true
        break
    }
  }

  return {
    next(part) {
      for (const { bytes, isWhole } of events.next(part)) if (isWhole) read(bytes)
      return [part]
    },
    rest: () => new Uint8Array(),
    price: () => (hasFinalUsage && isComplete ? priceOfUsage(model, usage) : undefined),
    isComplete: () => isComplete,
  }
}

/** What an event leaves out, or gives as null, keeps the figure of an earlier one. */
function given(usage: Unknown | undefined): Unknown {
  return Object.fromEntries(Object.entries(usage ?? {}).filter(([, value]) => value !== null))
}
