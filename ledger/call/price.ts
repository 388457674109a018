import { ZERO_USD } from '../../contract/money.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { vendorPricing, vendorTerms } from '../../policy/vendor-terms.ts'
import type { Caller, Price } from '../../store/store.ts'
import type { AskFirst, Repeat, Settleable } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import type { Ledger } from '../ledger.ts'
import { concealing } from '../vendor-client/concealing-network.ts'
import { ask as askVendor } from '../vendor-client/exchange.ts'
import type { BufferedAnswer } from '../vendor-client/network.ts'
import type { Addressed } from './address.ts'
import { headersForVendor, withoutCredential } from './headers.ts'
import type { StoredRequest } from './stored-request.ts'
import { vendorRequest } from './vendor-request.ts'
import { secretMissing, secretRefused } from './vendor-secret.ts'

const MAX_OBJECT_BYTES = 1024 * 1024

/** A call that can be numbered: what goes out, at what price, and whether it may go out twice. */
export interface PricedCall {
  readonly stored: StoredRequest
  readonly price: Price
  readonly repeat: Repeat
  /** Null: it may be reserved. Else it is at most answered from the record, which needs no price. */
  readonly refusedAnew: Refusal | null
}

/** The vendor answered our question for the object with something else than the object. */
export interface ObjectNotRead {
  readonly objectAnswer: BufferedAnswer
}

export interface TextForVendor {
  readonly text: CallText
  readonly asksForUsage: boolean
}

/** The call as the vendor will get it: what is judged and what is sent are the same bytes. */
export function textForVendor(call: CallText, { policy, vendor }: Addressed): TextForVendor | Refusal {
  const costing = costingOf(vendor.type)
  const forward = costing.forwardBody(call, vendorPricing(policy, vendor))
  if ('code' in forward) return forward
  const credential = costing.auth('', vendor.auth)
  const headers = headersForVendor(call.headers, credential)
  if (forward.contentType !== null) headers['content-type'] = forward.contentType
  const query = withoutCredential(call.query, credential)
  const text = { method: call.method, path: forward.path ?? call.path, query, headers, body: forward.body }
  return { text, asksForUsage: forward.asksForUsage ?? false }
}

/** What looks like a read and is not free at this vendor: the policy knows, and the sidecar does not. */
export function refuseSold(call: CallText, { policy, vendor }: Addressed): Refusal | null {
  const bound = costingOf(vendor.type).bound(call, vendorPricing(policy, vendor))
  if ('code' in bound) return bound
  return bound.kind === 'free' ? null : refusal('route_unknown', `${call.method} ${call.path} has a price here.`)
}

/**
 * What the call may cost at most, judged from its bytes; where the amount stands only on the object, it is read first.
 * One that may not be made, or has no price, may have been made and paid for under an earlier policy: the record says.
 */
export async function priceCall(
  ledger: Ledger,
  caller: Caller,
  asked: Asked,
): Promise<PricedCall | ObjectNotRead | Refusal> {
  const { addressed, call, endpoint } = asked
  const costing = costingOf(addressed.vendor.type)
  const pricing = vendorPricing(addressed.policy, addressed.vendor)
  const bound = costing.bound(call, pricing)
  if ('code' in bound) return pricedCall(asked, FREE, bound)
  if (bound.kind !== 'ask_object_first') return pricedCall(asked, bound, endpoint)
  // The vendor is not asked for what may not be called.
  if (endpoint !== null) return pricedCall(asked, FREE, endpoint)
  const object = await readObject(ledger, caller, { ...asked, ask: bound })
  if ('code' in object) return object
  if (object.status !== 200) return { objectAnswer: object }
  const judged = costing.boundOfObject(call, object.body, pricing)
  return 'code' in judged ? pricedCall(asked, FREE, judged) : pricedCall(asked, judged, null)
}

interface Asked {
  readonly addressed: Addressed
  readonly call: CallText
  readonly asksForUsage: boolean
  readonly endpoint: Refusal | null
}

const FREE: Settleable = { kind: 'free' }

function pricedCall(
  { addressed: { policy, vendor }, call, asksForUsage }: Asked,
  bound: Settleable,
  refusedAnew: Refusal | null,
): PricedCall {
  const repeat = costingOf(vendor.type).repeat(call, vendorPricing(policy, vendor))
  const keyHeader = repeat.kind === 'idempotent' ? repeat.header : null
  const stored = { call, bound, keyHeader, ...(asksForUsage ? { asksForUsage: true } : {}) }
  return { stored, price: priceOf(bound), repeat, refusedAnew }
}

function priceOf(bound: Settleable): Price {
  if (bound.kind === 'free') return { totalUsdMicros: ZERO_USD, object: null }
  const { totalUsdMicros, object, moneyClass, ratesHash } = bound
  return {
    totalUsdMicros,
    object,
    ...(moneyClass === undefined ? {} : { moneyClass }),
    ...(ratesHash === undefined ? {} : { ratesHash }),
  }
}

/** A read of our own, under the caller's key and in the record like any other. */
async function readObject(
  ledger: Ledger,
  caller: Caller,
  asked: { readonly addressed: Addressed; readonly call: CallText; readonly ask: AskFirst },
): Promise<BufferedAnswer | Refusal> {
  const { addressed, call, ask } = asked
  const { vendor, policy } = addressed
  const { 'content-type': _, ...headers } = call.headers
  const read: CallText = { method: 'GET', path: ask.path, query: '', headers, body: new Uint8Array() }
  const identity = recogniserOf(vendor.type)(read, vendorTerms(vendor), policy.appKeys)
  if ('code' in identity) return identity
  const secret = ledger.secrets.read(vendor.secretRef)
  if (secret === undefined) return secretMissing(vendor)
  const callId = await ledger.store.admitRead({ caller, vendor: vendor.name, identity, endpoint: null })
  if (typeof callId !== 'string') return callId
  const idleMs = ledger.settings.vendorDeadlineMs
  const request = vendorRequest({ vendor, secret, call: read, key: null, idleMs, mayRepeat: true })
  const result = await askVendor(concealing(ledger.network, secret), request, {
    maxBytes: MAX_OBJECT_BYTES,
    room: ledger.answers,
  })
  await ledger.store.closeRead(callId, result.kind === 'answered' ? result.answer.status : null)
  if (result.kind !== 'answered') {
    return refusal(
      'vendor_unreachable',
      `The object \`${ask.object}\`, on which the amount stands, could not be read: ${result.reason}.`,
    )
  }
  const verdict = costingOf(vendor.type).verdict(result.answer, read, vendorPricing(policy, vendor))
  return verdict === 'credential_refused' ? secretRefused(ledger, vendor) : result.answer
}
