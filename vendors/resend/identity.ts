import type { CallIdentity } from '../../contract/call.ts'
import type { Digest } from '../../contract/ids.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { appKeyOf } from '../content/app-key.ts'
import { canonicalBody, mediaTypeOf, type ReadBody, readBody } from '../content/body.ts'
import { callDigest } from '../content/call-digest.ts'
import { DIGEST_NAME, digestOf, joinParts } from '../content/digest.ts'
import { isRefusal } from '../content/guard.ts'
import { canonicalJson, type Json } from '../content/json.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import { findResendRoute, resendTemplate } from './routes.ts'

/** Of the core digest, for each mail. */
const CORE_FIELDS = ['from', 'to', 'subject']

/** What a Resend call is. */
export function recognise(call: CallText, terms: VendorTerms, appKeys: 'auto' | 'trust'): CallIdentity | Refusal {
  const problem = requestProblem(call) ?? resendPathProblem(call)
  if (problem !== null) return problem
  const isRead = isReadMethod(call.method)
  const read = readBody(call)
  if (isRefusal(read)) return read
  const body = canonicalBody(call, read)
  if (isRefusal(body)) return body
  // The SDKs make no keys by themselves.
  const key = isRead ? null : appKeyOf(call, { appKeys, isSdkMade: () => false })
  if (isRefusal(key)) return key
  return {
    route: `${call.method} ${resendTemplate(call.path)}`,
    kind: isRead ? 'read' : 'mutating',
    account: '',
    digest: callDigest(terms.name, call, [
      isPermissive(call) ? 'permissive' : '',
      read.kind === 'none' ? '' : mediaTypeOf(call),
      body,
    ]),
    core: coreOf(call, read, terms.name),
    key,
  }
}

/** What else could pass one route off as another at Resend. */
export function resendPathProblem({ method, path, body }: CallText): Refusal | null {
  const [, resource = ''] = path.split('/')
  if (path.endsWith('/') || /[A-Z]/.test(resource)) {
    return refusal('path_ambiguous', 'Resend paths have no slash at the end and no capitals in their words.')
  }
  if (!isReadMethod(method) || body.length === 0 || isEmptyObject(body)) return null
  return refusal('request_malformed', `A ${method} to Resend has no body; its parameters go into the query.`)
}

/** resend-python sends `{}` with every GET. */
function isEmptyObject(body: Uint8Array): boolean {
  return body.length === 2 && body[0] === 0x7b && body[1] === 0x7d
}

/** Whether a batch may go out in part. */
export function isPermissive({ headers }: CallText): boolean {
  return headers['x-batch-validation'] === 'permissive'
}

/** Null when it is no mail, or names nobody. */
function coreOf(call: CallText, body: ReadBody, vendor: string): Digest | null {
  const route = findResendRoute(call)
  if (body.kind !== 'json' || (route !== 'email' && route !== 'batch')) return null
  const mails = body.value.kind === 'list' ? body.value.items : [body.value]
  if (!mails.every((mail) => mail.kind === 'object' && mail.members.has('to'))) return null
  return digestOf([`${DIGEST_NAME} core`, vendor, call.method, call.path, ...mails.map(coreOfMail)])
}

function coreOfMail(mail: Json): string {
  if (mail.kind !== 'object') return ''
  return joinParts(
    CORE_FIELDS.map((name) => {
      const value = mail.members.get(name)
      return value === undefined ? '' : canonicalJson(value)
    }),
  )
}
