import { timingSafeEqual } from 'node:crypto'
import type { Random } from '../../runtime/random.ts'
import { type Answer, type Fact, type Fields, flatten, type Outcome, type Vendor, type VendorCall } from '../vendor.ts'
import type { VendorClock } from '../vendor-clock.ts'
import { Account } from './account.ts'
import { checkExpand, expand } from './expand.ts'
import { BadForm, canonicalForm, decodeForm, type FormObject } from './form.ts'
import { NEVER_KEPT } from './idempotency.ts'
import { Params } from './params.ts'
import { StripeRefusal } from './refusal.ts'
import type { Route, RouteResult } from './route.ts'
import { findRoute } from './routes.ts'
import { scriptedError } from './scripted.ts'

const FORM = 'application/x-www-form-urlencoded'

export interface FakeStripeOptions {
  /** The one secret key that is accepted, as Bearer or as the user name of Basic. */
  readonly secret: string
  readonly clock: VendorClock
  readonly random: Random
}

/** A found route with everything it needs, before anything has begun. */
interface Prepared {
  readonly call: VendorCall
  readonly account: Account
  readonly accountId: string | undefined
  readonly route: Route
  readonly ids: { id: string; part: string }
  readonly form: FormObject
}

/** A stand-in for Stripe's API: the money routes of v1 and v2 with real state, and Stripe's promises about repeats. */
export function fakeStripe({ secret, clock, random }: FakeStripeOptions): Vendor {
  const accounts = new Map<string, Account>()

  function accountOf(call: VendorCall): { account: Account; accountId: string | undefined } {
    const header = call.headers['stripe-account']
    const accountId = typeof header === 'string' ? header : undefined
    if (accountId !== undefined && !/^acct_\w+$/.test(accountId)) throw noAccess(accountId)
    const name = accountId ?? ''
    const account = accounts.get(name) ?? new Account(clock, random)
    accounts.set(name, account)
    return { account, accountId }
  }

  function prepare(call: VendorCall): Prepared {
    authenticate(call, secret)
    const found = findRoute(call.method, call.path)
    if (found === undefined) throw unknownUrl(call)
    return { call, ...accountOf(call), ...found, form: formOf(call) }
  }

  return {
    name: 'stripe',
    statusesWithoutEffect: NEVER_KEPT,
    newRequestId: () => `req_${random.hex(7)}`,
    fieldsOf,
    carryOut(call) {
      try {
        return carryOut(prepare(call))
      } catch (fault) {
        return refused(call, fault)
      }
    },
    scriptedAnswer: (call, status) => answerTo(call, status, { error: scriptedError(status) }),
    keep(call, answer) {
      try {
        const prepared = prepare(call)
        const key = keyOf(prepared)
        if (key !== undefined && openKey(prepared, key).kind === 'first') prepared.account.keys.close(key, answer, true)
      } catch (fault) {
        // A call that Stripe would not have begun leaves nothing under its key.
        if (!(fault instanceof StripeRefusal)) throw fault
      }
    },
  }
}

function carryOut(prepared: Prepared): Outcome {
  const { call, account, route } = prepared
  const key = keyOf(prepared)
  if (key === undefined) return run(prepared, () => {})
  const repeat = openKey(prepared, key)
  if (repeat.kind === 'first') return run(prepared, (answer, begun) => account.keys.close(key, answer, begun))
  const { answer, originalRequestId } = repeat
  const headers = { ...answer.headers, 'Request-Id': call.requestId, 'Original-Request': originalRequestId }
  return {
    answer: { ...answer, headers: { ...headers, 'Idempotent-Replayed': 'true' } },
    fact: { kind: 'replay', status: answer.status, originalRequestId, ...namesOf(prepared), route: nameOf(route) },
    conclude: () => {},
  }
}

/** `closeKey` is told the answer that repeats get, and whether the route had begun. */
function run(prepared: Prepared, closeKey: (answer: Answer, begun: boolean) => void): Outcome {
  const { call, account, route, form, ids } = prepared
  let result: RouteResult
  let paths: string[]
  try {
    const params = new Params(form, route.params)
    paths = params.texts('expand')
    checkExpand(paths)
    result = route.run({ account, params, path: call.path, ...ids })
  } catch (fault) {
    const outcome = refused(call, fault)
    const begun = fault instanceof StripeRefusal && fault.begun && !isV2(call)
    const fact = { ...outcome.fact, ...namesOf(prepared), route: nameOf(route) }
    return { ...outcome, fact, conclude: (answer) => closeKey(answer, begun) }
  }
  const body = result.status === 200 ? expand(result.body, paths, account) : { error: result.error }
  return {
    answer: answerTo(call, result.status, body),
    fact: { ...result.fact, ...namesOf(prepared), status: result.status, route: nameOf(route) },
    // What failed under a key of v2 runs again: https://docs.stripe.com/api-v2-overview#idempotency
    conclude: (answer) => closeKey(answer, !isV2(call) || answer.status < 400),
  }
}

/** v1 heeds keys on POST alone, v2 on DELETE too. */
function keyOf({ call, route }: Prepared): string | undefined {
  const isHeeded = route.method === 'POST' || (isV2(call) && route.method === 'DELETE')
  return isHeeded ? call.idempotencyKey : undefined
}

function isV2({ path }: VendorCall): boolean {
  return path.startsWith('/v2/')
}

function openKey({ call, account, form }: Prepared, key: string) {
  return account.keys.open({ key, path: call.path, params: canonicalForm(form), requestId: call.requestId })
}

function refused(call: VendorCall, fault: unknown): Outcome {
  if (!(fault instanceof StripeRefusal)) throw fault
  const { status, error } = fault
  const fact: Fact = { kind: 'refused', status, ...(error.code === undefined ? {} : { code: error.code }) }
  return { answer: answerTo(call, status, { error }), fact, conclude: () => {} }
}

function nameOf(route: Route): string {
  return `${route.method} ${route.pattern}`
}

function namesOf({ accountId }: Prepared): { account?: string } {
  return accountId === undefined ? {} : { account: accountId }
}

function answerTo(call: VendorCall, status: number, body: object): Answer {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'Request-Id': call.requestId,
  }
  const version = call.headers['stripe-version']
  if (typeof version === 'string') headers['Stripe-Version'] = version
  if (call.idempotencyKey !== undefined && call.method === 'POST') headers['Idempotency-Key'] = call.idempotencyKey
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="Stripe"'
  return { status, headers, body: `${JSON.stringify(body, null, 2)}\n` }
}

function authenticate(call: VendorCall, secret: string): void {
  const [scheme = '', given = ''] = (call.headers.authorization ?? '').split(' ', 2)
  const isBasic = scheme.toLowerCase() === 'basic'
  const key = isBasic ? (Buffer.from(given, 'base64').toString('utf8').split(':', 1)[0] ?? '') : given
  if (key === '') throw unauthorised('You did not provide an API key.')
  if (!sameText(key, secret)) throw unauthorised(`Invalid API Key provided: ${key.slice(0, 8)}****`)
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function unauthorised(message: string): StripeRefusal {
  return new StripeRefusal(401, { type: 'invalid_request_error', message }, false)
}

function noAccess(account: string): StripeRefusal {
  const message = `The provided key does not have access to account '${account}' (or that account does not exist).`
  return new StripeRefusal(403, { type: 'invalid_request_error', code: 'account_invalid', message }, false)
}

function unknownUrl({ method, path }: VendorCall): StripeRefusal {
  const message = `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`
  return new StripeRefusal(404, { type: 'invalid_request_error', message }, false)
}

/** The parameters of query and body together; v2 takes JSON. */
function formOf(call: VendorCall): FormObject {
  if (isV2(call) && call.body.length > 0) return jsonOf(call)
  const type = String(call.headers['content-type'] ?? FORM).toLowerCase()
  if (call.body.length > 0 && !type.startsWith(FORM)) {
    const message = `Invalid request (check that your POST content type is ${FORM}). If you have any questions, we can help at https://support.stripe.com/.`
    throw new StripeRefusal(400, { type: 'invalid_request_error', message }, false)
  }
  try {
    return decodeForm([call.query, call.body.toString('utf8')].filter((part) => part !== '').join('&'))
  } catch (fault) {
    if (!(fault instanceof BadForm)) throw fault
    throw new StripeRefusal(400, { type: 'invalid_request_error', message: fault.message }, false)
  }
}

/** Every leaf as text, as a form has them. */
function jsonOf(call: VendorCall): FormObject {
  try {
    const value: unknown = JSON.parse(call.body.toString('utf8'))
    return decodeForm(new URLSearchParams(flatten(value)).toString())
  } catch (fault) {
    const message = `Invalid JSON: ${(fault as Error).message}`
    throw new StripeRefusal(400, { type: 'invalid_request_error', message }, false)
  }
}

function fieldsOf(body: Buffer, contentType: string): Fields {
  try {
    if (contentType.startsWith('application/json')) return flatten(JSON.parse(body.toString('utf8')))
    return contentType.toLowerCase().startsWith(FORM) ? flatten(decodeForm(body.toString('utf8'))) : {}
  } catch {
    return {}
  }
}
