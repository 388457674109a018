import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { jsonAnswer, objectIn, textIn, tokensOf } from '../talk.ts'
import { type Answer, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { azureCall, filteredAtAzure } from './azure.ts'
import { chatCompletion, type Made } from './chat.ts'
import { completion } from './completion.ts'
import { createResponse } from './responses.ts'
import { unbilled } from './unbilled.ts'

export interface FakeOpenaiOptions {
  readonly secret: string
  readonly random: Random
  readonly clock: VendorClock
}

type Body = Readonly<Record<string, unknown>>

/** Names that this stand-in has; a listing has pages of the size that OpenAI gives, which is all of them. */
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-5', 'o3', 'text-embedding-3-small', 'local-model']

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'requests',
}

/**
 * A stand-in for OpenAI's chat and older completions, responses, embeddings, model list and what costs nothing. Nothing is
 * idempotent: each call that is carried out sells its tokens, whatever key comes with it. Azure's paths are its own too.
 */
export function fakeOpenai(options: FakeOpenaiOptions): Vendor {
  return {
    name: 'openai',
    statusesWithoutEffect: [400, 401, 403, 404, 429],
    newRequestId: () => `req_${options.random.hex(16)}`,
    fieldsOf: (body) => flatten(objectIn(body)),
    carryOut: (call) => filteredAtAzure(call, carryOut(call, options)),
    scriptedAnswer: (call, status) => errorAnswer(call, status, `scripted ${status}`),
    keep: () => {},
  }
}

function carryOut(call: VendorCall, { secret, random, clock }: FakeOpenaiOptions): Outcome {
  const azure = azureCall(call)
  const [sent, due] =
    azure === undefined ? [call.headers.authorization, `Bearer ${secret}`] : [call.headers['api-key'], secret]
  if (!sameText(String(sent ?? ''), due)) return refused(call, 401, 'Incorrect API key provided.')
  if (azure?.isVersioned === false) return refused(call, 404, 'Resource not found')
  const route = `${call.method} ${azure?.path ?? call.path}`
  if (call.method === 'GET' || call.method === 'HEAD') return reading(call)
  const free = unbilled(call, { headers: headersOf(call), newId: () => random.hex(12), createdMs: clock.nowMs() })
  if (free !== undefined) return free
  const given = objectIn(call.body)
  const body = given === undefined ? undefined : (azure?.bodyOf(given) ?? given)
  if (body === undefined) return refused(call, 400, 'We could not parse the JSON body of your request.')
  const model = body['model']
  if (typeof model !== 'string' || !MODELS.includes(model)) {
    return refused(call, 404, `The model \`${String(model)}\` does not exist or you do not have access to it.`)
  }
  const made = { createdMs: clock.nowMs(), headers: headersOf(call) }
  const asked = { route, model }
  switch (route.replace('POST /v1', '')) {
    case '/chat/completions':
      if (!Array.isArray(body['messages'])) return refused(call, 400, "Missing required parameter: 'messages'.")
      return sold(asked, chatCompletion(body, { ...made, id: `chatcmpl-${random.hex(12)}` }))
    case '/completions':
      return sold(asked, completion(body, { ...made, id: `cmpl-${random.hex(12)}` }))
    case '/responses':
      return sold(asked, createResponse(body, { ...made, id: `resp_${random.hex(12)}` }))
    case '/embeddings':
      return sold(asked, embeddings(call, body))
    default:
      return refused(call, 404, `Invalid URL (${route})`)
  }
}

function reading(call: VendorCall): Outcome {
  const models = MODELS.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'standin' }))
  const one = models.find(({ id }) => call.path === `/v1/models/${id}`)
  const body = call.path === '/v1/models' ? { object: 'list', data: models } : one
  if (body === undefined) return refused(call, 404, `Invalid URL (GET ${call.path})`)
  const answer = jsonAnswer(200, body, headersOf(call))
  return { answer, fact: { kind: 'read', status: 200, route: `GET ${call.path}` }, conclude: () => {} }
}

function embeddings(call: VendorCall, body: Body): Made {
  const inputs = [body['input']].flat()
  const size = Number(body['dimensions'] ?? 8)
  const input = tokensOf(inputs.map(textIn).join(''), 0)
  const data = inputs.map((text, index) => {
    const vector = Float32Array.from({ length: size }, (_, at) => byteOf(textIn(text), at) / 256)
    const embedding = body['encoding_format'] === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  const usage = { prompt_tokens: input, total_tokens: input }
  const answer = jsonAnswer(200, { object: 'list', data, model: body['model'], usage }, headersOf(call))
  return { answer, object: call.requestId, tokens: { input, cached: 0, written: 0, output: 0 } }
}

function byteOf(text: string, at: number): number {
  return (
    createHash('sha256')
      .update(`${at % 32} ${text}`)
      .digest()[at % 32] ?? 0
  )
}

function sold(asked: { readonly route: string; readonly model: string }, { answer, object, tokens }: Made): Outcome {
  const fact = { kind: 'effect', status: 200, ...asked, action: 'tokens.sold', object, tokens } as const
  return { answer, fact, conclude: () => {} }
}

function refused(call: VendorCall, status: number, message: string): Outcome {
  return { answer: errorAnswer(call, status, message), fact: { kind: 'refused', status }, conclude: () => {} }
}

function errorAnswer(call: VendorCall, status: number, message: string): Answer {
  const type = ERROR_TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  const code = status === 429 ? 'rate_limit_exceeded' : null
  const wait = status === 429 ? { 'retry-after-ms': '5', 'retry-after': '1' } : {}
  return jsonAnswer(status, { error: { message, type, param: null, code } }, { ...headersOf(call), ...wait })
}

function headersOf({ requestId }: VendorCall): Record<string, string> {
  return { 'x-request-id': requestId, 'openai-version': '2020-10-01', 'openai-processing-ms': '5' }
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
