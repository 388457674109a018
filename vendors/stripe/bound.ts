import type { CurrencyTable, VendorPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { routeMatches } from '../../contract/route-pattern.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import { isReadMethod, requestProblem } from '../content/request.ts'
import type { Bound, Priced, Settleable } from '../costing.ts'
import { currencyMissing, type StripeMoney, usdMicrosOfMoney } from './currency.ts'
import { baseName, isOf, type StripeField } from './form.ts'
import { isV1, stripePathProblem } from './identity.ts'
import { findMoneyRoute, type StripeCall } from './money-routes.ts'
import { readStripeObject, type StripeObject } from './object.ts'
import { isPaidOnce } from './paid-once.ts'
import { amountIn, amountInvalid, changeParameters, currencyIn, strayMoney, v2MoneyIn } from './parameters.ts'
import type { MoneyClass, Of } from './routes/route-cost.ts'
import { unknownRoute } from './unknown-route.ts'

/** What a call may cost at most, by its route and its bytes. */
export function bound(call: CallText, pricing: VendorPricing): Bound {
  const problem = requestProblem(call) ?? stripePathProblem(call)
  if (problem !== null) return problem
  if (isReadMethod(call.method)) return { kind: 'free' }
  const known = findMoneyRoute(call.method, call.path)
  if (known === undefined) return unknownRoute(call)
  if (known.cost.kind === 'never') {
    return refusal('route_unknown', `${known.cost.why}, so it is always refused.`)
  }
  const fields = changeParameters(call)
  if (isRefusal(fields)) return fields
  return boundOfKnown({ call, known, fields, pricing })
}

interface Asked {
  readonly call: CallText
  readonly known: StripeCall
  readonly fields: readonly StripeField[]
  readonly pricing: VendorPricing
}

function boundOfKnown(asked: Asked): Bound {
  const { known, fields, pricing } = asked
  const { cost } = known
  switch (cost.kind) {
    case 'create':
      return boundOfCreate(asked, cost.moneyClass)
    case 'update':
      return strayMoney(fields, ['amount', 'currency']) ?? boundOfUpdate(asked)
    case 'on_object': {
      const requested = requestedOf(fields, known)
      return isRefusal(requested) ? requested : askFirst(known)
    }
    case 'cancel':
      return strayMoney(fields, []) ?? { kind: 'free' }
    case 'gives_back':
      return hasCap(pricing, cost.moneyClass) ? askForReturned(known, fields) : { kind: 'free' }
    case 'computed':
      return boundOfComputed(asked)
    case 'free': {
      const stray = fields.map(({ name }) => baseName(name)).find((name) => cost.except.includes(name))
      return stray === undefined ? { kind: 'free' } : boundOfStray(asked, stray)
    }
    case 'never':
      throw new Error('a route that is never allowed was refused before')
  }
}

function boundOfCreate({ call, fields, pricing }: Asked, moneyClass: MoneyClass | null): Settleable | Refusal {
  if (isV1(call)) {
    const stray = strayMoney(fields, ['amount', 'currency'])
    return stray ?? boundOfMoney(fields, { pricing, object: null, moneyClass })
  }
  const money = v2MoneyIn(fields)
  if (isRefusal(money)) return money
  return priced(money, { pricing, object: null, moneyClass })
}

interface Counting {
  readonly pricing: VendorPricing
  readonly object: string | null
  readonly moneyClass: MoneyClass | null
}

function boundOfMoney(fields: readonly StripeField[], counting: Counting): Settleable | Refusal {
  const minorUnits = amountIn(fields, 'amount') ?? amountInvalid('amount')
  if (isRefusal(minorUnits)) return minorUnits
  const currency = currencyIn(fields) ?? currencyMissing()
  if (isRefusal(currency)) return currency
  return priced({ minorUnits, currency }, counting)
}

/** With an amount, the object comes to count at that amount. A currency alone would change what the old one is worth. */
function boundOfUpdate({ fields, known, pricing }: Asked): Bound {
  const minorUnits = amountIn(fields, 'amount')
  const currency = currencyIn(fields)
  if (isRefusal(minorUnits)) return minorUnits
  if (minorUnits === undefined && currency === undefined) return { kind: 'free' }
  if (currency === undefined) return askFirst(known)
  return boundOfMoney(fields, { pricing, object: known.object, moneyClass: null })
}

/** The maximum of the policy, else refused with the way to declare one. */
function boundOfComputed(asked: Asked): Bound {
  const { method, path } = asked.call
  return maximumOf(asked) ?? undeclared(`What ${method} ${path} moves is known to Stripe alone.`)
}

/** A parameter that makes a change that moves nothing one that may move anything. */
function boundOfStray(asked: Asked, name: string): Bound {
  return maximumOf(asked) ?? undeclared(`What \`${name}\` costs on this route is not known.`)
}

/** What is paid once counts at most once at that; else each call does, also on the same object. */
function maximumOf({ call, known, pricing }: Asked): Bound | undefined {
  const { method, path } = call
  const maximum = pricing.stripe?.maximums.find(({ match }) => routeMatches(match, method, path))
  if (maximum === undefined) return undefined
  // In which currency it will be, only the answer says.
  const settlesAt = { currencies: pricing.currencies }
  const object = isPaidOnce(path) ? known.object : null
  return { kind: 'priced', totalUsdMicros: maximum.usdMicros, object, settlesAt }
}

function undeclared(what: string): Refusal {
  return refusal('route_unknown', `${what} Declare the most that one call may move in \`maximums\` of the policy.`)
}

/** What a call may cost whose amount stands on the object that was asked for. */
export function boundOfObject(call: CallText, objectJson: Uint8Array, pricing: VendorPricing): Settleable | Refusal {
  const known = findMoneyRoute(call.method, call.path)
  if (known === undefined) return unknownRoute(call)
  const fields = changeParameters(call)
  if (isRefusal(fields)) return fields
  const asked = known.cost.kind === 'gives_back' ? askForReturned(known, fields) : askFirst(known)
  if (isRefusal(asked)) return asked
  const requested = requestedOf(fields, known)
  if (isRefusal(requested)) return requested
  const object = readStripeObject(objectJson)
  const otherCurrency = otherCurrencyIn(fields, known, object?.currency ?? null)
  if (otherCurrency !== null) return otherCurrency
  const amount = object === undefined ? null : mostOf(known, object)
  if (object === undefined || object.id !== asked.object || amount === null || object.currency === null) {
    return refusal('amount_invalid', 'Stripe gave no amount for the object that the call acts on.')
  }
  const minorUnits = totalOf(known, { requested: requested ?? null, amount, charged: object.charged ?? 0n })
  const moneyClass = 'moneyClass' in known.cost ? known.cost.moneyClass : null
  // Each return of money is one of its own, whatever was returned of the object before.
  const counted = known.cost.kind === 'gives_back' ? null : known.object
  return priced({ minorUnits, currency: object.currency }, { pricing, object: counted, moneyClass })
}

/** The amount that a call on an object names itself. */
function requestedOf(fields: readonly StripeField[], { cost }: StripeCall): bigint | Refusal | undefined {
  const isReturn = cost.kind === 'gives_back'
  const name = cost.kind === 'on_object' || isReturn ? cost.amount : cost.kind === 'update' ? 'amount' : null
  const beside = cost.kind === 'on_object' ? cost.beside : []
  const stray = isReturn ? null : strayMoney(fields, name === null ? beside : [name, ...beside])
  if (stray !== null) return stray
  if (name === null) return undefined
  const requested = amountIn(fields, name)
  // Without it the route would not be an increment.
  return requested === undefined && cost.kind === 'on_object' && cost.adds === 'new_total'
    ? amountInvalid(name)
    : requested
}

/** A currency beside the object's own must be that one, for the amount is counted in it. */
function otherCurrencyIn(fields: readonly StripeField[], { cost }: StripeCall, own: string | null): Refusal | null {
  if (cost.kind !== 'on_object' || !cost.beside.includes('currency')) return null
  const currency = currencyIn(fields)
  if (currency === undefined || isRefusal(currency)) return currency ?? null
  if (currency.toLowerCase() === own) return null
  return refusal('amount_invalid', "`currency` is not that of the object; leave it away, or send the object's own.", {
    field: 'currency',
  })
}

/** What a payment may still take of the object, and what may be given back of it: also of an invoice that is paid. */
function mostOf({ cost }: StripeCall, { amount, remaining, total }: StripeObject): bigint | null {
  if (cost.kind !== 'gives_back') return remaining ?? amount
  return total !== null && (amount === null || total > amount) ? total : amount
}

interface Amounts {
  readonly requested: bigint | null
  readonly amount: bigint
  readonly charged: bigint
}

/** All that the object may come to charge: a partial capture leaves the rest open, and several of them add up. */
function totalOf({ cost }: StripeCall, { requested, amount, charged }: Amounts): bigint {
  if (requested === null) return amount
  if (cost.kind === 'update' || cost.kind === 'gives_back') return requested
  const total = cost.kind === 'on_object' && cost.adds === 'to_captured' ? charged + requested : requested
  return total > amount ? total : amount
}

function priced(money: StripeMoney, { pricing, object, moneyClass }: Counting): Settleable | Refusal {
  const { currencies } = pricing
  const totalUsdMicros = usdMicrosOfMoney(money, currencies)
  if (isRefusal(totalUsdMicros)) return totalUsdMicros
  const rates = ratesOf(money.currency.toUpperCase(), currencies)
  const ofClass = moneyClass !== null && hasCap(pricing, moneyClass) ? { moneyClass } : {}
  return { kind: 'priced', totalUsdMicros, object, ...ofClass, ...rates }
}

/** The one rate that the answer is counted at too, and which table it is of. */
function ratesOf(code: string, table: CurrencyTable): Pick<Priced, 'ratesHash' | 'settlesAt'> {
  const rate = table.usdMicrosPerMajorUnit[code]
  if (code === 'USD' || rate === undefined) return {}
  const currencies = { ...table, usdMicrosPerMajorUnit: { [code]: rate } }
  return { ratesHash: table.hash, settlesAt: { currencies } }
}

function hasCap({ stripe }: VendorPricing, moneyClass: MoneyClass): boolean {
  return stripe !== undefined && Object.hasOwn(stripe.classCaps, moneyClass)
}

type Ask = Extract<Bound, { kind: 'ask_object_first' }>

function askFirst({ object, objectPath }: StripeCall): Ask {
  if (object === null) throw new Error('a route on an object has no id in its path')
  return { kind: 'ask_object_first', path: objectPath, object }
}

/** The object whose money a call gives back. */
function askForReturned(known: StripeCall, fields: readonly StripeField[]): Ask | Refusal {
  if (known.cost.kind !== 'gives_back') throw new Error('only what gives money back names what it is given back of')
  const { of } = known.cost
  if (of === 'path') return askFirst(known)
  const named = namedIn(of, fields)
  const params = of.map(({ param }) => `\`${param}\``).join(' or ')
  return (
    named ??
    refusal('amount_invalid', `Under a cap on what is given back, name what it is given back of: ${params}, once.`)
  )
}

function namedIn(of: Exclude<Of, 'path'>, fields: readonly StripeField[]): Ask | undefined {
  const given = of.flatMap(({ param, path }) =>
    fields.filter(({ name }) => isOf(name, param)).map(({ name, value }) => ({ isPlain: name === param, value, path })),
  )
  const [only] = given
  if (only === undefined || given.length > 1 || !only.isPlain || !/^[A-Za-z0-9_-]{1,255}$/.test(only.value)) {
    return undefined
  }
  return { kind: 'ask_object_first', path: `${only.path}/${only.value}`, object: only.value }
}
