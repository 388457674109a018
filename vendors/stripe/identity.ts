import type { AppKey, CallIdentity, CallRoute } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { accountOf } from '../content/account.ts'
import { appKeyOf, isUuidShaped } from '../content/app-key.ts'
import { canonicalBody, FORM_TYPE, mediaTypeOf, readBody } from '../content/body.ts'
import { callDigest } from '../content/call-digest.ts'
import { DIGEST_NAME, digestOf } from '../content/digest.ts'
import { canonicalForm } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem, templateOf } from '../content/request.ts'
import { baseName, type StripeField, type StripeFields, stripeFields } from './form.ts'

/** Whose money moves. */
const ACCOUNT_HEADERS = ['stripe-account', 'stripe-context']

/** Of the core digest: who pays or is paid. Without any of them there is no core. */
const COUNTERPARTY_FIELDS: ReadonlySet<string> = new Set([
  'customer',
  'payment_method',
  'source',
  'destination',
  'charge',
  'payment_intent',
])
const CORE_FIELDS: ReadonlySet<string> = new Set(['amount', 'currency', ...COUNTERPARTY_FIELDS])

/** Where a Stripe call goes and whose money it moves, without a look at its content. */
export function readRoute(call: CallText): CallRoute | Refusal {
  const problem = requestProblem(call) ?? stripePathProblem(call)
  if (problem !== null) return problem
  const account = accountOf(call, ACCOUNT_HEADERS)
  if (isRefusal(account)) return account
  const kind = isReadMethod(call.method) ? 'read' : 'mutating'
  return { route: `${call.method} ${templateOf(call.path)}`, kind, account }
}

/** What a Stripe call is. Pure: the same bytes give the same identity in every Pod. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  const read = readRoute(call)
  if (isRefusal(read)) return read
  const { account } = read
  const content = isV1(call) ? formContent(call) : plainContent(call)
  if (isRefusal(content)) return content
  const isRead = read.kind === 'read'
  const key: AppKey | null | Refusal = isRead
    ? null
    : appKeyOf(call, { appKeys, isSdkMade: (value) => isSdkMade(value, call.headers['user-agent'] ?? '') })
  if (isRefusal(key)) return key
  return {
    ...read,
    digest: callDigest(terms.name, call, [account, content.mediaType, content.body]),
    core: isRead ? null : coreOf(call, { vendor: terms.name, account, fields: content.fields }),
    key,
  }
}

const isOddPath = remembered((path) => {
  const [, version = '', resource = ''] = path.split('/')
  return path.endsWith('/') || /[A-Z]/.test(version) || /[A-Z]/.test(resource)
})

/** What else could pass one route off as another at Stripe: a slash at the end, `/V1/`, a resource in capitals. */
export function stripePathProblem({ method, path, body }: CallText): Refusal | null {
  if (isOddPath(path))
    return refusal('path_ambiguous', 'Stripe paths have no slash at the end and no capitals in their words.')
  if (isReadMethod(method) && body.length > 0) {
    return refusal('request_malformed', `A ${method} to Stripe has no body; its parameters go into the query.`)
  }
  return null
}

/**
 * stripe-go from 82 on sends a call to any path and then rejects its answer, but for `/v1` and `/v2`: `extractVersion` in its
 * `stripe.go`, read in 82.5.1, 83.2.1 and 85.0.0; 81.4.0 has none.
 */
const REJECTS_A_PREFIX_SINCE = 82

/** The app would read an error where a payment was made, and pay again. */
export function stripePrefixProblem(vendor: string, userAgent: string): Refusal | null {
  const major = /^Stripe\/v[0-9]+ GoBindings\/([0-9]+)\./.exec(userAgent)?.[1]
  if (major === undefined || Number(major) < REJECTS_A_PREFIX_SINCE) return null
  return refusal(
    'request_malformed',
    `stripe-go ${major} rejects each answer under a path prefix, also that of a payment that was made: set the URL of its ` +
      `backend to http://${vendor}.localhost:8080.`,
  )
}

export function isV1({ path }: CallText): boolean {
  return path.startsWith('/v1/')
}

interface Content {
  readonly mediaType: string
  readonly body: string | Uint8Array
  readonly fields: StripeFields
}

/** v1 takes forms; JSON digests as the form that it is forwarded as. */
function formContent(call: CallText): Content | Refusal {
  const fields = stripeFields(call)
  if (fields === null) return plainContent(call)
  if (isRefusal(fields)) return fields
  return { mediaType: fields.length === 0 ? '' : FORM_TYPE, body: canonicalForm(fields), fields }
}

function plainContent(call: CallText): Content | Refusal {
  const read = readBody(call)
  if (isRefusal(read)) return read
  const body = canonicalBody(call, read)
  return isRefusal(body) ? body : { mediaType: read.kind === 'none' ? '' : mediaTypeOf(call), body, fields: null }
}

function coreOf(call: CallText, { vendor, account, fields }: CoreOf): Digest | null {
  const core: StripeField[] = []
  let hasCounterparty = false
  for (const field of fields ?? []) {
    if (field.value === '' || !CORE_FIELDS.has(baseName(field.name))) continue
    core.push(field)
    hasCounterparty ||= COUNTERPARTY_FIELDS.has(field.name)
  }
  if (!hasCounterparty) return null
  return digestOf([`${DIGEST_NAME} core`, vendor, call.method, call.path, account, canonicalForm(core)])
}

interface CoreOf {
  readonly vendor: string
  readonly account: string
  readonly fields: StripeFields
}

/**
 * Keys that Stripe's SDKs make by themselves, for each call anew. A bare UUID under the Node or Go bindings is the app's:
 * theirs look otherwise.
 */
function isSdkMade(key: string, userAgent: string): boolean {
  if (key.startsWith('stripe-node-retry-')) return true
  const bindings = /^Stripe\/v[0-9]+ (\S+)Bindings\//.exec(userAgent)?.[1]
  if (bindings === undefined || bindings === 'Node') return false
  return bindings === 'Go' ? /^[0-9]{16,20}_[A-Za-z0-9_-]{6}$/.test(key) : isUuidShaped(key)
}
