import { createHash } from 'node:crypto'
import { Chance } from '../chance.ts'
import { holdActOf } from '../plan/holds.ts'
import type { Fault, VendorName } from '../plan/plan.ts'
import type { Stage } from '../stage.ts'
import { type Acted, Holds } from './holds.ts'
import { completion, completionParts, readPrompt } from './model-vendor.ts'

export interface VendorCall {
  readonly vendor: VendorName
  readonly method: string
  readonly target: string
  readonly body: string
  /** Null: none was sent. */
  readonly key: string | null
}

export interface VendorReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Of a stream, instead of the body. */
  readonly parts?: readonly string[]
  /** The connection breaks after the last part. */
  readonly isCut?: boolean
}

/** What really happened. */
export interface Effect {
  readonly vendor: VendorName
  readonly customer: string
  /** Whose dollars they are: of what is done to a hold, whoever was charged. */
  readonly payer: string
  /** Below zero: given back. */
  readonly usdMicros: number
  /** The request had come in. */
  readonly askedAtMs: number
  readonly key: string | null
  /** A fault is planned for this request, so its answer may not arrive. */
  readonly isDisturbed: boolean
}

export interface VendorWatch {
  effect(effect: Effect): void
  /** A failure that is kept under this key was given again. */
  failedAgain(key: string): void
  /** So was a decline. */
  declinedAgain(key: string): void
}

type VendorFault = Extract<Fault, { kind: 'vendor' }>

interface Kept {
  readonly print: string
  readonly atMs: number
  reply: VendorReply | null
}

/** Stripe keeps a key, and the first answer under it, this long. */
const KEPT_MS = 24 * 60 * 60 * 1_000
const GEO_USD_MICROS = 50_000
/** Of output; what is put in costs nothing. */
const TOKEN_USD_MICROS = 1_000_000

/**
 * Three vendors: one that keeps idempotency keys with their answers, as Stripe, one that takes none, as Twilio, and one
 * whose answers say what they cost, as OpenAI. They share no code with what they judge: their truth is theirs alone.
 */
export class Vendors {
  readonly effects: Effect[] = []
  /** One key came with two contents: a re-send did not carry the original bytes. */
  readonly mixedKeys: string[] = []
  readonly #stage: Stage
  readonly #chance: Chance
  readonly #watch: VendorWatch
  readonly #kept = new Map<string, Kept>()
  readonly #holds = new Holds()

  constructor(stage: Stage, watch: VendorWatch) {
    this.#stage = stage
    this.#watch = watch
    this.#chance = new Chance(`${stage.seed} vendors`)
  }

  /** Whose money a hold sets aside. */
  payerOf(hold: string): string | undefined {
    return this.#holds.payerOf(hold)
  }

  /** A request has come in whole. `reply` is told null where the connection breaks. */
  handle(call: VendorCall, fault: VendorFault | undefined, reply: (answer: VendorReply | null) => void): void {
    if (call.vendor !== 'stripe' || call.key === null) this.#work(call, fault, { keep: () => {}, reply })
    else this.#handleKeyed(call, call.key, { fault, reply })
  }

  #handleKeyed(
    call: VendorCall,
    key: string,
    how: { fault: VendorFault | undefined; reply: (answer: VendorReply | null) => void },
  ): void {
    const { fault, reply } = how
    const print = createHash('sha256').update(`${call.target} ${call.body}`).digest('hex')
    const kept = this.#kept.get(key)
    if (kept !== undefined && this.#stage.scheduler.nowMs - kept.atMs < KEPT_MS) {
      if (kept.print !== print) this.mixedKeys.push(key)
      if (kept.print !== print) reply(failure(400, 'idempotency_error'))
      else if (kept.reply === null) reply(failure(409, 'idempotency_key_in_use'))
      else {
        if (kept.reply.status >= 500) this.#watch.failedAgain(key)
        if (kept.reply.status === 402) this.#watch.declinedAgain(key)
        reply({ ...kept.reply, headers: { ...kept.reply.headers, 'idempotent-replayed': 'true' } })
      }
      return
    }
    // Not kept: the request never came to its execution.
    if (fault?.how === 'too many') {
      reply(failure(429, 'rate_limit'))
      return
    }
    const entry: Kept = { print, atMs: this.#stage.scheduler.nowMs, reply: null }
    this.#kept.set(key, entry)
    const keep = (answer: VendorReply) => {
      entry.reply = answer
    }
    this.#work(call, fault, { keep, reply })
  }

  #work(
    call: VendorCall,
    fault: VendorFault | undefined,
    then: { keep: (answer: VendorReply) => void; reply: (answer: VendorReply | null) => void },
  ): void {
    const askedAtMs = this.#stage.scheduler.nowMs
    const happens = () => this.#happens(call, { askedAtMs, isDisturbed: fault !== undefined })
    const workMs =
      this.#chance.between(1, 40) * (this.#chance.is(0.1) ? 50 : 1) + (fault?.how === 'slow' ? fault.byMs : 0)
    const answerWith = (answer: VendorReply) => {
      then.keep(answer)
      this.#stage.scheduler.after(this.#chance.between(0.1, 2), () => then.reply(answer))
    }
    this.#stage.scheduler.after(workMs, () => {
      switch (fault?.how) {
        case 'too many':
          return answerWith(failure(429, 'rate_limit'))
        case 'decline':
          // What only reads, and what takes money that is held, asks no bank.
          return answerWith(call.body === '' ? happens() : failure(402, 'card_error'))
        case 'error, no effect':
          return answerWith(failure(500, 'api_error'))
        case 'reset before':
          // The connection breaks while it is at work; the work itself ends without effect and is kept so.
          then.reply(null)
          return then.keep(failure(500, 'api_error'))
        case 'error, effect':
          happens()
          return answerWith(failure(500, 'api_error'))
        case 'reset after': {
          const made = happens()
          then.keep(made)
          const { parts } = made
          if (parts === undefined) return then.reply(null)
          return then.reply({ ...made, parts: parts.slice(0, this.#chance.below(parts.length)), isCut: true })
        }
        case 'refuse':
        case 'slow':
        case undefined:
          return answerWith(happens())
      }
    })
  }

  #happens(call: VendorCall, how: Pick<Effect, 'askedAtMs' | 'isDisturbed'>): VendorReply {
    if (call.method === 'GET') return objectOr404(this.#holds.shown(call.target.split('/').at(-1) ?? ''))
    const made = this.#whatOf(call)
    if (made === undefined) return failure(400, 'invalid_request_error')
    const { customer, usdMicros } = made
    const effect: Effect = { vendor: call.vendor, ...made, ...how, key: call.key }
    this.effects.push(effect)
    this.#stage.trace.say(call.vendor, `EFFECT ${customer} $${usdMicros / 1e6} key ${call.key ?? '-'}`)
    this.#watch.effect(effect)
    const nth = this.effects.length
    const isHeld = call.body.includes('capture_method=manual')
    if (isHeld) this.#holds.set(`pi_${nth}`, { customer, cents: usdMicros / 10_000 })
    const hold = isHeld ? `pi_${nth}` : holdActOf(call.target)?.id
    if (hold !== undefined) return objectOr404(this.#holds.shown(hold))
    const parts = this.#partsOf(call, { nth, outputTokens: usdMicros / TOKEN_USD_MICROS })
    if (parts !== undefined) return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '', parts }
    const body = answerOf(effect, nth)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  }

  /** Undefined: the answer is no stream. */
  #partsOf({ vendor, body }: VendorCall, made: { nth: number; outputTokens: number }): string[] | undefined {
    if (vendor !== 'model') return undefined
    const { isStreamed, asksForUsage } = readPrompt(body)
    return isStreamed ? completionParts(this.#chance, { ...made, asksForUsage }) : undefined
  }

  /** Undefined: what is asked for cannot be done any more. */
  #whatOf({ vendor, target, body }: VendorCall): Acted | undefined {
    switch (vendor) {
      case 'geo': {
        const { address } = JSON.parse(body) as { address: string }
        return { customer: address, payer: address, usdMicros: GEO_USD_MICROS }
      }
      case 'model': {
        const { customer, mostTokens } = readPrompt(body)
        return { customer, payer: customer, usdMicros: (1 + this.#chance.below(mostTokens)) * TOKEN_USD_MICROS }
      }
      case 'stripe': {
        const asked = holdActOf(target)
        if (asked !== undefined) return this.#holds.act(asked.id, asked.act)
        const form = new URLSearchParams(body)
        const customer = form.get('customer') ?? ''
        return { customer, payer: customer, usdMicros: Number(form.get('amount')) * 10_000 }
      }
    }
  }
}

function answerOf({ vendor, customer, usdMicros }: Effect, nth: number): object {
  switch (vendor) {
    case 'geo':
      return { found: customer }
    case 'model':
      return completion(nth, usdMicros / TOKEN_USD_MICROS)
    case 'stripe':
      return {
        id: `pi_${nth}`,
        object: 'payment_intent',
        amount: usdMicros / 10_000,
        currency: 'usd',
        status: 'succeeded',
      }
  }
}

function objectOr404(object: object | undefined): VendorReply {
  if (object === undefined) return failure(404, 'invalid_request_error')
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(object) }
}

function failure(status: number, type: string): VendorReply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: { type, code: type } }),
  }
}
