import { HOP_BY_HOP_HEADERS, JOBCAP_HEADER_PREFIX } from '../../contract/headers.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import type { Credential } from '../../vendors/costing.ts'
import type { AnswerHeaders } from '../vendor-client/network.ts'

/** Written anew for the vendor, or about the way between app and ledger. */
const NOT_FOR_VENDORS = new Set([
  'accept-encoding',
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'idempotency-key',
  'via',
])

/** Node keeps the first of these and drops the rest, so that what we judge could differ from what came. */
const ONLY_ONCE: ReadonlySet<string> = new Set(['authorization', 'content-type', 'content-encoding', 'user-agent'])

/** Refuses headers that can be read in two ways. `repeated`: names of those that came more than once. */
export function judgeHeaders(repeated: readonly string[]): Refusal | null {
  const name = repeated.find((repeatedName) => ONLY_ONCE.has(repeatedName))
  return name === undefined ? null : refusal('request_malformed', `The header ${name} is given twice.`)
}

/** The same few names come with every call. */
const isNeverForVendors = remembered(
  (name) =>
    HOP_BY_HOP_HEADERS.has(name) ||
    NOT_FOR_VENDORS.has(name) ||
    name.startsWith(JOBCAP_HEADER_PREFIX) ||
    name.startsWith('x-forwarded-'),
)

/** The app's own headers that go on to the vendor. `credential`: where our secret goes, so the app's never does. */
export function headersForVendor(
  headers: Readonly<Record<string, string | undefined>>,
  credential: Credential,
): Record<string, string> {
  const named = namedInConnection(headers['connection'])
  const ours = credential.inQuery === true ? '' : credential.name
  const kept: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && name !== ours && !isNeverForVendors(name) && !named.has(name)) kept[name] = value
  }
  return kept
}

/** The query without the parameter in which our secret goes, however its name is encoded. */
export function withoutCredential(query: string, { name, inQuery }: Credential): string {
  if (inQuery !== true) return query
  return query
    .split('&')
    .filter((field) => !new URLSearchParams(field).has(name))
    .join('&')
}

/** The vendor's headers that go on to the app. */
export function headersForApp(headers: AnswerHeaders): AnswerHeaders {
  const { connection } = headers
  const named = namedInConnection(Array.isArray(connection) ? connection.join(',') : connection)
  const kept: Record<string, string | string[] | undefined> = {}
  for (const name in headers) {
    if (!HOP_BY_HOP_HEADERS.has(name) && !named.has(name) && !name.startsWith(JOBCAP_HEADER_PREFIX)) {
      kept[name] = headers[name]
    }
  }
  return kept
}

const NONE: ReadonlySet<string> = new Set()

function namedInConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}
