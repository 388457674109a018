import type { Fact } from '../vendor.ts'
import type { Account } from './account.ts'
import type { StripeObject } from './objects.ts'
import type { Params } from './params.ts'
import type { StripeErrorBody } from './refusal.ts'

export interface RouteCall {
  readonly account: Account
  readonly params: Params
  readonly path: string
  /** The value of `:id`; empty where the pattern has none. */
  readonly id: string
  /** The value of `:part`: the second id of a nested object. */
  readonly part: string
}

/** What the truth file says about a call, but for what its caller knows anyway. */
type RouteFact = Omit<Fact, 'status' | 'route'>

export interface RouteSuccess {
  readonly status: 200
  readonly body: object
  readonly fact: RouteFact
}

/** The card was refused. */
export interface RouteDecline {
  readonly status: 402
  readonly error: StripeErrorBody
  readonly fact: RouteFact
}

export type RouteResult = RouteSuccess | RouteDecline

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** `/v1/payment_intents/:id/confirm` */
  readonly pattern: string
  /** Names of the parameters it takes, `expand` aside. */
  readonly params: readonly string[]
  /** Reads every parameter and checks everything before it changes anything: what throws has had no effect. */
  run(call: RouteCall): RouteResult
}

export function read(body: object): RouteSuccess {
  return { status: 200, body, fact: { kind: 'read' } }
}

interface MoneyObject extends StripeObject {
  currency?: string
  customer?: string | null
}

/** `amountMinor`: face amount, signed; `movedMinor`: what of it moved, default nothing. */
export interface Money {
  amountMinor: number
  movedMinor?: number
}

export function effect(action: string, object: MoneyObject, money?: Money): RouteSuccess {
  return { status: 200, body: object, fact: { kind: 'effect', ...factOf(action, object, money) } }
}

export function decline(
  action: string,
  object: MoneyObject,
  refused: { error: StripeErrorBody; amountMinor: number },
): RouteDecline {
  const { error, amountMinor } = refused
  const code = error.code === undefined ? {} : { code: error.code }
  return { status: 402, error, fact: { kind: 'declined', ...factOf(action, object, { amountMinor }), ...code } }
}

function factOf(action: string, object: MoneyObject, money: Money | undefined) {
  return {
    action,
    object: object.id,
    ...(money === undefined ? {} : { amountMinor: money.amountMinor, movedMinor: money.movedMinor ?? 0 }),
    ...(object.currency === undefined ? {} : { currency: object.currency }),
    ...(typeof object.customer === 'string' ? { customer: object.customer } : {}),
    ...(Object.keys(object.metadata).length === 0 ? {} : { metadata: { ...object.metadata } }),
  }
}
