import { piecesOf } from '../sample.ts'

/** One entry of a response's `output`. */
export type Item =
  | { readonly kind: 'reasoning'; readonly id: string }
  | { readonly kind: 'message'; readonly id: string; readonly pieces: readonly string[] }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly arguments: string }

export interface Streamed {
  /** The response before anything is written. */
  readonly base: object
  readonly items: readonly Item[]
  /** The response when all is. */
  readonly whole: object
  readonly isCut: boolean
}

/** As it stands in the whole answer, and in the event that ends it. */
export function doneItem(item: Item): object {
  switch (item.kind) {
    case 'reasoning':
      return { id: item.id, type: 'reasoning', summary: [] }
    case 'message':
      return { ...openItem(item), status: 'completed', content: [textPart(item.pieces.join(''))] }
    case 'call':
      return { ...openItem(item), status: 'completed', arguments: item.arguments }
  }
}

/** As it stands in the event that begins it: nothing of it is written. */
function openItem(item: Item): object {
  switch (item.kind) {
    case 'reasoning':
      return { id: item.id, type: 'reasoning', summary: [] }
    case 'message':
      return { id: item.id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
    case 'call': {
      const call_id = `call_${item.name}`
      return { id: item.id, type: 'function_call', status: 'in_progress', call_id, name: item.name, arguments: '' }
    }
  }
}

type Event = readonly [type: string, more: object]

/** In the documented order: an item is added, its parts are added, written piece by piece and done, then it is done. */
export function* responseEvents({ base, items, whole, isCut }: Streamed): Generator<string> {
  const response = { ...base, status: 'in_progress', output: [], usage: null }
  const all: readonly Event[] = [
    ['response.created', { response }],
    ['response.in_progress', { response }],
    ...items.flatMap(itemEvents),
    [isCut ? 'response.incomplete' : 'response.completed', { response: whole }],
  ]
  for (const [sequence_number, [type, more]] of all.entries()) {
    yield `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...more })}\n\n`
  }
}

function itemEvents(item: Item, output_index: number): Event[] {
  return [
    ['response.output_item.added', { output_index, item: openItem(item) }],
    ...partEvents(item, { item_id: item.id, output_index }),
    ['response.output_item.done', { output_index, item: doneItem(item) }],
  ]
}

function partEvents(item: Item, at: object): Event[] {
  switch (item.kind) {
    case 'reasoning':
      return []
    case 'message': {
      const place = { ...at, content_index: 0 }
      const text = item.pieces.join('')
      return [
        ['response.content_part.added', { ...place, part: textPart('') }],
        ...item.pieces.map((delta): Event => ['response.output_text.delta', { ...place, delta, logprobs: [] }]),
        ['response.output_text.done', { ...place, text, logprobs: [] }],
        ['response.content_part.done', { ...place, part: textPart(text) }],
      ]
    }
    case 'call':
      return [
        ...piecesOf(item.arguments).map((delta): Event => ['response.function_call_arguments.delta', { ...at, delta }]),
        ['response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments }],
      ]
  }
}

function textPart(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text }
}
