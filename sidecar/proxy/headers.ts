import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { AnswerNote } from '../../contract/call.ts'
import {
  CALL_ID_HEADER,
  HOP_BY_HOP_HEADERS,
  JOBCAP_HEADER_PREFIX,
  REFUSED_HEADER,
  REPLAYED_HEADER,
} from '../../contract/headers.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'

/** Of a request: ours to say. */
const NOT_FORWARDED = new Set(['authorization', 'content-length', 'expect', 'host'])

/** Node keeps the first of these and drops the rest; another server might read another one. */
const ONCE_ONLY = [
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'from',
  'host',
  'referer',
  'transfer-encoding',
  'user-agent',
]
/** A bit for each, so that those of a request are one number. */
const ONCE_ONLY_BITS = new Map(ONCE_ONLY.map((name, at) => [name, 1 << at]))

const NOT_A_PATH =
  'The request target must be a path, such as /stripe/v1/charges: this is where a vendor is called, not a proxy for HTTP_PROXY.'

/** What is wrong with the form of a request's head, null when nothing is. Lengths and chunks are judged by Node's strict parser. */
export function headProblem({ url = '', rawHeaders, headers, httpVersion }: IncomingMessage): Refusal | null {
  if (!url.startsWith('/')) return refusal('request_malformed', NOT_A_PATH)
  let given = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (name.startsWith('jobcap-') || name.startsWith('jobcap_')) return refusal('header_forbidden')
    const bit = ONCE_ONLY_BITS.get(name)
    if (bit === undefined) continue
    if ((given & bit) !== 0) return refusal('request_malformed', `The header ${name} is given twice.`)
    given |= bit
  }
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') {
    return refusal('request_malformed', 'The transfer encoding must be chunked, or none.')
  }
  if (headers.host === undefined && httpVersion !== '1.0') {
    return refusal('request_malformed', 'The header host is missing.')
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    return refusal('request_malformed', 'The header expect may only say 100-continue.')
  }
  return null
}

/** Headers of the app that go on to the ledger. What we have judged is what goes out: repeats joined as Node joins them. */
export function forwardedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const forwarded: OutgoingHttpHeaders = {}
  const ownHops = connectionOptions(headers.connection)
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || HOP_BY_HOP_HEADERS.has(name) || NOT_FORWARDED.has(name) || ownHops.has(name)) continue
    forwarded[name] = value
  }
  return forwarded
}

/** Headers of the ledger's answer that go on to the app, with what the app is told by us. */
export function answeredHeaders(headers: IncomingHttpHeaders, note: AnswerNote | undefined): OutgoingHttpHeaders {
  const answered: OutgoingHttpHeaders = {}
  const ownHops = connectionOptions(headers.connection)
  for (const name in headers) {
    const value = headers[name]
    const isOurs = name.startsWith(JOBCAP_HEADER_PREFIX) && name !== REFUSED_HEADER
    if (value === undefined || isOurs || HOP_BY_HOP_HEADERS.has(name) || ownHops.has(name)) continue
    answered[name] = value
  }
  if (note?.replayed) answered[REPLAYED_HEADER] = 'true'
  if (note?.callId !== undefined) answered[CALL_ID_HEADER] = note.callId
  return answered
}

const NONE: ReadonlySet<string> = new Set()

function connectionOptions(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || connection === 'keep-alive') return NONE
  return new Set(connection.split(',').map((option) => option.trim().toLowerCase()))
}
