import { argumentsFor, piecesFor } from '../sample.ts'
import { eventStream, jsonAnswer, listen, type Talk, textIn, tokensOf } from '../talk.ts'
import type { Made } from './chat.ts'
import { doneItem, type Item, responseEvents } from './response-events.ts'
import { type Counted, countOf, factsOf, responseUsage } from './usage.ts'

type Body = Readonly<Record<string, unknown>>

/** `POST /v1/responses`, whole or as a stream. */
export function createResponse(
  body: Body,
  made: { readonly id: string; readonly createdMs: number; readonly headers: Readonly<Record<string, string>> },
): Made {
  const input = body['input']
  const talk = listen(textIn(Array.isArray(input) ? input.at(-1) : input))
  const limit = Number(body['max_output_tokens'] ?? 128_000)
  const counted = countOf(talk, { input: tokensOf(`${textIn(input)}${textIn(body['instructions'])}`, 1), limit })
  const isCut = talk.words.length + counted.reasoning > limit
  const items = itemsOf(body, { id: made.id, talk, counted })
  const base = baseOf(body, made, talk)
  const whole = {
    ...base,
    status: isCut ? 'incomplete' : 'completed',
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    output: items.map(doneItem),
    usage: responseUsage(counted, talk) ?? null,
  }
  const answer =
    body['stream'] === true
      ? eventStream(() => responseEvents({ base, items, whole, isCut }), made.headers)
      : jsonAnswer(200, whole, made.headers)
  return { answer, object: made.id, tokens: factsOf(counted) }
}

function baseOf(body: Body, made: { readonly id: string; readonly createdMs: number }, talk: Talk): object {
  return {
    id: made.id,
    object: 'response',
    created_at: Math.floor(made.createdMs / 1_000),
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    model: body['model'],
    parallel_tool_calls: true,
    previous_response_id: body['previous_response_id'] ?? null,
    service_tier: talk.switches.get('tier') ?? 'default',
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
    metadata: body['metadata'] ?? {},
  }
}

/** What it thought, then what it says or which tool it calls. */
function itemsOf(body: Body, { id, talk, counted }: { id: string; talk: Talk; counted: Counted }): Item[] {
  const tool = talk.switches.get('tool')
  const asked = argumentsFor(tool ?? '', body['tools'], ({ name, parameters }) => ({ name, schema: parameters }))
  const said: Item =
    tool === undefined
      ? { kind: 'message', id: `msg_${id}`, pieces: piecesAsked(body) ?? written(talk, counted) }
      : { kind: 'call', id: `fc_${id}`, name: tool, arguments: asked }
  return counted.reasoning > 0 ? [{ kind: 'reasoning', id: `rs_${id}` }, said] : [said]
}

function written({ words }: Talk, { output, reasoning }: Counted): readonly string[] {
  return words.slice(0, output - reasoning)
}

/** Where the request asks for an output of a schema. */
function piecesAsked(body: Body): string[] | undefined {
  const { format } = (body['text'] ?? {}) as { format?: { type?: string; schema?: unknown } }
  return piecesFor(format)
}
