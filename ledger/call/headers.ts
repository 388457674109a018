import { HOP_BY_HOP_HEADERS, JOBCAP_HEADER_PREFIX } from '../../contract/headers.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Credential } from '../../vendors/costing.ts'
import type { AnswerHeaders } from '../vendor-client/network.ts'

/** Written anew for the vendor, or about the way between app and ledger. */
const NOT_FOR_VENDORS = new Set([
  'accept-encoding',
  'authorization',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'idempotency-key',
  'via',
])

/** Node keeps the first of these and drops the rest, so that what we judge could differ from what came. */
const ONLY_ONCE = ['authorization', 'content-type', 'content-encoding', 'user-agent'] as const

/** Refuses headers that can be read in two ways. */
export function judgeHeaders(rawHeaders: readonly string[]): Refusal | null {
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  const repeated = ONLY_ONCE.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  return repeated === undefined ? null : refusal('request_malformed', `The header ${repeated} is given twice.`)
}

/** The app's own headers that go on to the vendor. `credential`: where our secret goes, so the app's never does. */
export function headersForVendor(
  headers: Readonly<Record<string, string | undefined>>,
  credential: Credential,
): Record<string, string> {
  const named = namedInConnection(headers['connection'])
  const isLeftOut = (name: string) =>
    HOP_BY_HOP_HEADERS.has(name) ||
    NOT_FOR_VENDORS.has(name) ||
    named.has(name) ||
    (credential.inQuery !== true && name === credential.name) ||
    name.startsWith(JOBCAP_HEADER_PREFIX) ||
    name.startsWith('x-forwarded-')
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !isLeftOut(entry[0]),
    ),
  )
}

/** The vendor's headers that go on to the app. */
export function headersForApp(headers: AnswerHeaders): AnswerHeaders {
  const { connection } = headers
  const named = namedInConnection(Array.isArray(connection) ? connection.join(',') : connection)
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !HOP_BY_HOP_HEADERS.has(name) && !named.has(name) && !name.startsWith(JOBCAP_HEADER_PREFIX),
    ),
  )
}

function namedInConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
