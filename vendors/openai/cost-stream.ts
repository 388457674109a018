import type { AnswerReader } from '../costing.ts'
import { EventSplitter, eventData } from '../tokens/cost-events.ts'
import { isObject, objectAt, type Unknown } from '../tokens/cost-usage.ts'
import { type AnswerPrices, priceOfAnswer } from './cost-usage.ts'

/** The line that ends a stream of chunks; the same words in a text end nothing, for JSON has no line end within it. */
const DONE_WORD = '[DONE]'
const DONE = /^data: ?\[DONE\]\s*$/m

/** Only events that hold one of these words are parsed: most carry a few letters of text. */
const WORTH_READING = ['"usage":{', '"usage": {']
/** One of these is in each event that is looked at. */
const IN_EVENTS_THAT_MATTER = ['ge":{', 'ge": {', DONE_WORD]

/** Events of a response that end it. */
const LAST_EVENTS = ['response.completed', 'response.incomplete', 'response.failed']

/**
 * Reads the usage out of a stream on its way. `hidesUsage`: the app did not ask for the chunk that carries it, so it does
 * not get it; only then are events held until they are whole, since nothing tells before whether one is that chunk.
 */
export function openaiReader(prices: AnswerPrices, hidesUsage: boolean): AnswerReader {
  const events = new EventSplitter(IN_EVENTS_THAT_MATTER)
  let price: bigint | undefined
  let isComplete = false

  /** Whether the app is to get the event. */
  function read(event: Buffer): boolean {
    if (event.includes(DONE_WORD) && DONE.test(event.toString('latin1'))) isComplete = true
    if (!WORTH_READING.some((word) => event.includes(word))) return true
    const data = eventData(event)
    if (!isObject(data)) return true
    const response = objectAt(data, 'response')
    const found = priceOfAnswer(prices, response ?? data)
    if (response !== undefined && isLast(data)) {
      price = found
      isComplete = true
    } else if (response === undefined) price = found
    return !(hidesUsage && isUsageChunk(data))
  }

  return {
    next(part) {
      const kept: Uint8Array[] = []
      for (const { bytes, isWhole } of events.next(part)) if (!isWhole || read(bytes)) kept.push(bytes)
      return hidesUsage ? kept : [part]
    },
    rest: () => (hidesUsage ? events.rest() : new Uint8Array()),
    // Some vendors of this protocol say in each chunk what was used up to it.
    price: () => (isComplete ? price : undefined),
    isComplete: () => isComplete,
  }
}

function isLast(data: Unknown): boolean {
  return typeof data['type'] === 'string' && LAST_EVENTS.includes(data['type'])
}

/** The extra chunk has no choices. */
function isUsageChunk(data: Unknown): boolean {
  return Array.isArray(data['choices']) && data['choices'].length === 0 && isObject(data['usage'])
}
