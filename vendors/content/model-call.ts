import type { CallIdentity, CallKind } from '../../contract/call.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, VendorTerms } from '../../contract/vendor.ts'
import { accountOf } from './account.ts'
import { appKeyOf } from './app-key.ts'
import { canonicalBody, mediaTypeOf, readBody } from './body.ts'
import { callDigest } from './call-digest.ts'
import { isRefusal } from './guard.ts'
import { isReadMethod, requestProblem, templateOf } from './request.ts'

/** The API of a vendor that sells tokens: which of its routes cost, and what else tells two calls apart. */
export interface ModelApi {
  /** `POST /v1/…`: what a call costs is counted in tokens. Identical calls may run in parallel. */
  readonly paid: readonly string[]
  /** `POST /v1/…` that only count or read. */
  readonly free: readonly string[]
  /** Headers that choose whose money moves, lower case. */
  readonly accountHeaders: readonly string[]
  /** Headers that change what is asked, lower case. */
  readonly contentHeaders: readonly string[]
  /** A path as the two lists have it, where the vendor may have it elsewhere too. */
  readonly listedPath?: (path: string) => string
}

/** What a call to such an API is. A mutating route that it does not list is recognised too; its cost refuses it. */
export function recogniseModelCall(
  { accountHeaders, contentHeaders, ...api }: ModelApi,
  {
    call,
    terms,
    appKeys,
  }: { readonly call: CallText; readonly terms: VendorTerms; readonly appKeys: 'auto' | 'trust' },
): CallIdentity | Refusal {
  const problem = requestProblem(call) ?? readProblem(call)
  if (problem !== null) return problem
  const account = accountOf(call, accountHeaders)
  if (isRefusal(account)) return account
  const read = readBody(call)
  if (isRefusal(read)) return read
  const body = canonicalBody(call, read)
  if (isRefusal(body)) return body
  const kind = kindOf(call, api)
  const key = kind === 'read' ? null : appKeyOf(call, { appKeys, isSdkMade: () => false })
  if (isRefusal(key)) return key
  return {
    route: `${call.method} ${templateOf(call.path)}`,
    kind,
    account,
    digest: callDigest(terms.name, call, [
      account,
      ...contentHeaders.map((name) => call.headers[name] ?? ''),
      read.kind === 'none' ? '' : mediaTypeOf(call),
      body,
    ]),
    core: null,
    key,
  }
}

function kindOf(
  { method, path }: CallText,
  { paid, free, listedPath }: Pick<ModelApi, 'paid' | 'free' | 'listedPath'>,
): CallKind {
  const route = `${method} ${listedPath?.(path) ?? path}`
  if (paid.includes(route)) return 'llm'
  return isReadMethod(method) || free.includes(route) ? 'read' : 'mutating'
}

/**
 * What clients offer with each plain request, Java's own and LangChain4j's among them, and what no hop of ours takes up: the
 * server may go on as if it were not there (RFC 9110, 7.8).
 */
const MERE_OFFER = /^h2c$/i

/** A socket opened by a GET sells tokens by the message, and nobody could price what follows. */
function readProblem({ method, headers, body }: CallText): Refusal | null {
  const { upgrade } = headers
  if (upgrade !== undefined && !MERE_OFFER.test(upgrade)) {
    return refusal(
      'request_malformed',
      'A WebSocket to this API is refused, since nobody could price its messages: ask over HTTP, whole or as a stream.',
    )
  }
  if (isReadMethod(method) && body.length > 0) return refusal('request_malformed', `A ${method} has no body here.`)
  return null
}
