import type { CallText } from '../../contract/vendor.ts'
import { encodeForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { canonicalJson, type Json, jsonAt, parseJson } from '../content/json.ts'
import type { Found, LookUp, LookUpPage, ReadTarget, VendorAnswer } from '../costing.ts'
import { type Parameters, parameter, parametersOf } from './parameters.ts'
import { readResource } from './resource.ts'
import { findTwilioRoute } from './routes.ts'

/** Twilio writes whole seconds, and clocks are never quite right. */
const BEFORE_MS = 10_000
/** A message is made while its request is open; this is longer than any request is waited for. */
const AFTER_MS = 300_000
const PAGE_SIZE = 200

/**
 * Looks for a message by whom it goes to, from whom, its text and its time. Not by `DateSent`: that is unset until a
 * message goes out, and a filter by it would hide one of two that are alike. A text that we do not know word for word,
 * and calls, whose content Twilio does not list, are not looked for.
 */
export function lookUpMessage(call: CallText, sentAtMs: number): LookUp | null {
  if (findTwilioRoute(call) !== 'message') return null
  const parameters = parametersOf(call)
  if (isRefusal(parameters) || isRewritten(parameters)) return null
  const [to, from] = [parameter(parameters, 'To'), parameter(parameters, 'From')]
  const filters = [{ name: 'To', value: to }, ...(from === '' ? [] : [{ name: 'From', value: from }])]
  const query = encodeForm([...filters, { name: 'PageSize', value: String(PAGE_SIZE) }])
  return {
    first: { path: call.path, query },
    judge: (page, readAtMs) => judgePage(page, { call, parameters, sentAtMs, readAtMs }),
  }
}

interface Wanted {
  readonly call: CallText
  readonly parameters: Parameters
  readonly sentAtMs: number
  readonly readAtMs: number
}

function judgePage(page: VendorAnswer, wanted: Wanted): LookUpPage | null {
  const value = parseJson(Buffer.from(page.body.buffer, page.body.byteOffset, page.body.byteLength).toString('utf8'))
  const messages = typeof value === 'string' ? undefined : jsonAt(value, '/messages')
  if (typeof value === 'string' || messages?.kind !== 'list') return null
  // Twilio's clock, as its answer shows it.
  const atTwilioMs = wanted.sentAtMs + (Date.parse(page.headers['date'] ?? '') || wanted.readAtMs) - wanted.readAtMs
  const span = { fromMs: atTwilioMs - BEFORE_MS, toMs: atTwilioMs + AFTER_MS }
  const found = messages.items.flatMap((message) => foundIn(message, { ...wanted, span }))
  const oldestMs = Math.min(...messages.items.map(createdMsOf))
  const next = nextPage(textAt(value, '/next_page_uri'), wanted.call)
  return { found, next: oldestMs < span.fromMs ? null : next }
}

function foundIn(
  message: Json,
  { parameters, span }: Wanted & { readonly span: { readonly fromMs: number; readonly toMs: number } },
): Found[] {
  const body = Buffer.from(canonicalJson(message))
  const resource = readResource(body)
  if (resource === undefined || resource.sid === null) return []
  const createdMs = createdMsOf(message)
  const service = parameter(parameters, 'MessagingServiceSid')
  const isSender =
    service === ''
      ? textAt(message, '/from') === parameter(parameters, 'From')
      : textAt(message, '/messaging_service_sid') === service
  const isIt =
    isSender &&
    textAt(message, '/to') === parameter(parameters, 'To') &&
    textAt(message, '/body') === parameter(parameters, 'Body') &&
    resource.media === (parameters.get('MediaUrl') ?? []).length &&
    (textAt(message, '/direction') ?? '').startsWith('outbound') &&
    createdMs >= span.fromMs &&
    createdMs <= span.toMs
  if (!isIt) return []
  const headers = { 'content-type': 'application/json' }
  return [{ object: resource.sid, answer: { status: 201, headers, body } }]
}

/** The text at Twilio is not the one in the request. */
function isRewritten(parameters: Parameters): boolean {
  return ['ContentSid', 'ShortenUrls', 'SmartEncoded'].some((name) => parameter(parameters, name) !== '')
}

/** An address of the same list, and no other. */
function nextPage(uri: string | undefined, { path }: CallText): ReadTarget | null {
  const [at, query = ''] = (uri ?? '').split('?')
  return at === path ? { path, query } : null
}

/** NaN when it is not said, which is in no span. */
function createdMsOf(message: Json): number {
  return Date.parse(textAt(message, '/date_created') ?? '')
}

function textAt(value: Json, pointer: string): string | undefined {
  const text = jsonAt(value, pointer)
  return text?.kind === 'text' ? text.value : undefined
}
