import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { jsonAnswer, objectIn, textIn, tokensOf } from '../talk.ts'
import { type Answer, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'
import { createMessage } from './messages.ts'

export interface FakeAnthropicOptions {
  readonly secret: string
  readonly random: Random
}

const MODELS = ['claude-opus-5-5', 'claude-sonnet-5', 'claude-haiku-4-5', 'claude-sonnet-4-5-20250929']

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** A stand-in for Anthropic's messages, token counting and model list. Nothing is idempotent. */
export function fakeAnthropic(options: FakeAnthropicOptions): Vendor {
  return {
    name: 'anthropic',
    statusesWithoutEffect: [400, 401, 403, 404, 413, 429, 529],
    newRequestId: () => `req_${options.random.hex(12)}`,
    fieldsOf: (body) => flatten(objectIn(body)),
    carryOut: (call) => carryOut(call, options),
    scriptedAnswer: (call, status) => errorAnswer(call, status, `scripted ${status}`),
    keep: () => {},
  }
}

function carryOut(call: VendorCall, { secret, random }: FakeAnthropicOptions): Outcome {
  if (!sameText(String(call.headers['x-api-key'] ?? ''), secret)) return refused(call, 401, 'invalid x-api-key')
  if (call.headers['anthropic-version'] === undefined)
    return refused(call, 400, 'anthropic-version: header is required')
  if (call.method === 'GET') return reading(call)
  const body = objectIn(call.body)
  if (body === undefined) return refused(call, 400, 'The request body is not valid JSON')
  const { model, messages } = body
  if (typeof model !== 'string' || !MODELS.includes(model)) return refused(call, 404, `model: ${String(model)}`)
  if (!Array.isArray(messages)) return refused(call, 400, 'messages: Field required')
  const route = `${call.method} ${call.path}`
  switch (route) {
    case 'POST /v1/messages/count_tokens': {
      const answer = jsonAnswer(200, { input_tokens: tokensOf(textIn(messages), messages.length) }, headersOf(call))
      return { answer, fact: { kind: 'read', status: 200, route }, conclude: () => {} }
    }
    case 'POST /v1/messages': {
      if (typeof body['max_tokens'] !== 'number') return refused(call, 400, 'max_tokens: Field required')
      const { answer, object, tokens } = createMessage(body, { id: `msg_${random.hex(12)}`, headers: headersOf(call) })
      const fact = { kind: 'effect', status: 200, route, action: 'tokens.sold', object, model, tokens } as const
      return { answer, fact, conclude: () => {} }
    }
    default:
      return refused(call, 404, `Not found: ${route}`)
  }
}

/** Pages of two models each, so that a client that pages has something to page through. */
function reading(call: VendorCall): Outcome {
  const models = MODELS.map((id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }))
  const answered = (body: object) => ({
    answer: jsonAnswer(200, body, headersOf(call)),
    fact: { kind: 'read', status: 200, route: `GET ${call.path}` } as const,
    conclude: () => {},
  })
  const one = models.find(({ id }) => call.path === `/v1/models/${id}`)
  if (one !== undefined) return answered(one)
  if (call.path !== '/v1/models') return refused(call, 404, `Not found: ${call.path}`)
  const query = new URLSearchParams(call.query)
  const from = models.findIndex(({ id }) => id === query.get('after_id')) + 1
  const data = models.slice(from, from + Math.min(Number(query.get('limit') ?? 2), 2))
  return answered({
    data,
    has_more: from + data.length < models.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  })
}

function refused(call: VendorCall, status: number, message: string): Outcome {
  return { answer: errorAnswer(call, status, message), fact: { kind: 'refused', status }, conclude: () => {} }
}

function errorAnswer(call: VendorCall, status: number, message: string): Answer {
  const type = ERROR_TYPES[status] ?? 'api_error'
  const wait = status === 429 || status === 529 ? { 'retry-after-ms': '5', 'retry-after': '1' } : {}
  const body = { type: 'error', error: { type, message }, request_id: call.requestId }
  return jsonAnswer(status, body, { ...headersOf(call), ...wait })
}

function headersOf({ requestId }: VendorCall): Record<string, string> {
  return { 'request-id': requestId, 'anthropic-organization-id': 'org_standin' }
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
