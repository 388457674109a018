import { ZERO_USD } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { quoted } from '../../contract/quoted.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText, DeclaredMediaTypes } from '../../contract/vendor.ts'
import type { ReadBody } from '../content/body.ts'
import { isRefusal } from '../content/guard.ts'
import { isMethodOverride, isReadMethod, overridden, requestProblem, templateOf } from '../content/request.ts'
import type { Actual, Bound, Costing, Repeat, Settling, Verdict } from '../costing.ts'
import { credentialAt } from '../credential.ts'
import { isSuccess, verdictOf } from '../verdict.ts'
import { routeBound, saidBy } from './price.ts'
import { readDeclaredBody } from './read-body.ts'
import { findRoute, routeAmbiguous } from './routes.ts'

/** Of the time that the vendor keeps a key; the last 24th is left for clocks and queues. */
const HOUR_OF_USE_MS = (60 * 60 * 1_000 * 23) / 24

/** A declared price for each declared route; nothing else may change anything. */
export const costing: Costing = {
  bound,
  boundOfObject() {
    throw new Error('a declared route has a fixed price, so no object is asked for')
  },
  verdict,
  actual,
  repeat,
  forwardBody: ({ body, headers }) => ({ body, contentType: headers['content-type'] ?? null }),
  auth: (secret, place) => credentialAt(secret, place ?? { header: 'authorization', scheme: 'Bearer' }),
}

function bound(call: CallText, { routes, mediaTypes }: VendorPricing): Bound {
  const problem = requestProblem(call) ?? overrideInBody(call, mediaTypes)
  if (problem !== null) return problem
  const route = findRoute(routes, call)
  if (route === 'ambiguous') return routeAmbiguous(call, routes)
  if (route !== undefined && route.usdMicros > 0) {
    const totalUsdMicros = routeBound(route, call, mediaTypes)
    if (isRefusal(totalUsdMicros)) return totalUsdMicros
    const settlesAt = route.by?.kind === 'answer' ? { settlesAt: { answer: route.by } } : {}
    return { kind: 'priced', totalUsdMicros, object: null, ...settlesAt }
  }
  if (route !== undefined || isReadMethod(call.method)) return { kind: 'free' }
  return refusal(
    'route_unknown',
    `${call.method} ${call.path} is not among the declared routes, so its price is not known. To allow it, add it to ` +
      `\`routes\` of the vendor in the policy: {match: "${call.method} ${templateOf(call.path)}", usd: "0.25"}.`,
  )
}

/** The other vendors refuse each parameter that they do not know. */
function overrideInBody(call: CallText, mediaTypes: DeclaredMediaTypes | undefined): Refusal | null {
  const read = readDeclaredBody(call, mediaTypes)
  if (isRefusal(read)) return null
  const name = namesIn(read, call.body).find(isMethodOverride)
  return name === undefined ? null : overridden(`parameter ${quoted(name)} of the body`)
}

/** Of a multipart body only the one that matters here: what its parts hold is not looked into. */
function namesIn(read: ReadBody, body: Uint8Array): readonly string[] {
  if (read.kind === 'form') return read.fields.map(({ name }) => name)
  if (read.kind === 'json') return read.value.kind === 'object' ? [...read.value.members.keys()] : []
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return bytes.includes('_method') && PART_NAMED_METHOD.test(bytes.toString('latin1')) ? ['_method'] : []
}

const PART_NAMED_METHOD = /^content-disposition:.*[;\s]name="?_method/im

function verdict({ status }: { readonly status: number }, _call: CallText, pricing: VendorPricing): Verdict {
  const { idempotency, statuses } = pricing
  if (statuses?.refused.includes(status) === true) return 'definite'
  if (statuses?.notDone.includes(status) === true) return 'not_sent'
  // Under a key it may be the first send, still at work; without one nobody else can be.
  return verdictOf(status, idempotency === 'never' ? 'definite' : 'in_progress')
}

function actual({ call, answer, bound: reserved }: Settling): Actual {
  const isPaid = reserved.kind === 'priced'
  const hasEffect = isSuccess(answer.status) && (isPaid || !isReadMethod(call.method))
  // An app can ask for a part (`Range`) in which another number stands at the place.
  const rule = isPaid && answer.status !== 206 ? reserved.settlesAt?.answer : undefined
  const said = rule === undefined ? undefined : saidBy(rule, answer.body)
  const totalUsdMicros = hasEffect && isPaid ? (said ?? reserved.totalUsdMicros) : ZERO_USD
  return { totalUsdMicros, object: null, givesBack: null, hasEffect, isVendorReplay: false }
}

function repeat(_call: CallText, { idempotency }: VendorPricing): Repeat {
  if (idempotency === 'never') return { kind: 'never' }
  return { kind: 'idempotent', header: idempotency.header, windowMs: idempotency.windowHours * HOUR_OF_USE_MS }
}
