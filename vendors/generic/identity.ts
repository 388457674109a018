import type { AppKey, CallIdentity } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, DeclaredRoute, VendorTerms } from '../../contract/vendor.ts'
import { accountOf } from '../content/account.ts'
import { appKeyOf } from '../content/app-key.ts'
import { canonicalBody, mediaTypeOf, type ReadBody } from '../content/body.ts'
import { callDigest } from '../content/call-digest.ts'
import { DIGEST_NAME, digestOf, joinParts } from '../content/digest.ts'
import { isRefusal } from '../content/guard.ts'
import { canonicalJson, jsonAt, pointerNames } from '../content/json.ts'
import { isReadMethod, requestProblem, templateOf } from '../content/request.ts'
import { readDeclaredBody } from './read-body.ts'
import { findRoute, routeAmbiguous } from './routes.ts'

/** Headers by which APIs of this kind choose whose money moves. */
const ACCOUNT_HEADERS = ['openai-organization', 'openai-project']

/** What a call to a declared vendor is. An undeclared route that changes something is recognised too; its cost refuses it. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  const problem = requestProblem(call)
  if (problem !== null) return problem
  const declared = findRoute(terms.routes, call)
  if (declared === 'ambiguous') return routeAmbiguous(call, terms.routes)
  const kind = declared?.kind ?? (isReadMethod(call.method) ? 'read' : 'mutating')
  const account = accountOf(call, ACCOUNT_HEADERS)
  if (isRefusal(account)) return account
  const read = readDeclaredBody(call, terms.mediaTypes)
  if (isRefusal(read)) return read
  if (read.kind === 'other' && declared !== undefined && declared.core.length > 0) return coreUnreadable(call)
  const body = canonicalBody(call, read)
  if (isRefusal(body)) return body
  const key = kind === 'read' ? null : keyOf(call, terms, appKeys)
  if (isRefusal(key)) return key
  return {
    route: declared?.match ?? `${call.method} ${templateOf(call.path)}`,
    kind,
    account,
    digest: callDigest(terms.name, call, [account, read.kind === 'none' ? '' : mediaTypeOf(call), body]),
    core:
      declared === undefined || kind === 'read' ? null : coreOf(call, read, { vendor: terms.name, account, declared }),
    key,
  }
}

/** Without the fields that name the counterparty nothing would guard against a repeat whose content differs. */
function coreUnreadable(call: CallText): Refusal {
  const type = JSON.stringify(mediaTypeOf(call))
  return refusal(
    'body_unreadable',
    `The policy names \`core\` fields of this body, and ${type} is not read: send JSON or a form with its Content-Type, or declare the type under \`mediaTypes\` of the vendor.`,
  )
}

/** The app's own key, else what the SDK marks the repeats of one call by. */
function keyOf(call: CallText, { retryTokenHeader }: VendorTerms, appKeys: 'auto' | 'trust'): AppKey | null | Refusal {
  const key = appKeyOf(call, { appKeys, isSdkMade: () => false })
  const value = retryTokenHeader === undefined ? undefined : call.headers[retryTokenHeader]
  if (key !== null || value === undefined) return key
  // Fields given twice arrive joined by a comma and a space.
  if (/^[\x21-\x7e]{1,255}$/.test(value) && !value.includes(',')) return { kind: 'token', value }
  return refusal(
    'request_malformed',
    `The header ${retryTokenHeader} is given twice, or is not 1 to 255 ASCII characters without a space or comma.`,
  )
}

interface CoreOf {
  readonly vendor: string
  readonly account: string
  readonly declared: DeclaredRoute
}

/** Null when the route declares no core field, or the body holds none of them. */
function coreOf(call: CallText, body: ReadBody, { vendor, account, declared }: CoreOf): Digest | null {
  const found = declared.core.map((pointer) => valueAt(body, pointer))
  if (found.every((value) => value === undefined)) return null
  const values = found.map((value) => (value === undefined ? '-' : joinParts([value])))
  return digestOf([`${DIGEST_NAME} core`, vendor, call.method, call.path, account, joinParts(values)])
}

/** In a form the pointer `/a/b` names the field `a[b]`. */
function valueAt(body: ReadBody, pointer: string): string | undefined {
  switch (body.kind) {
    case 'json': {
      const value = jsonAt(body.value, pointer)
      return value === undefined ? undefined : canonicalJson(value)
    }
    case 'form': {
      const [first = '', ...inner] = pointerNames(pointer)
      const name = [first, ...inner.map((part) => `[${part}]`)].join('')
      const values = body.fields.filter((field) => field.name === name).map(({ value }) => value)
      return values.length === 0 ? undefined : joinParts(values)
    }
    case 'none':
    case 'other':
      return undefined
  }
}
