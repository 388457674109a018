import { expect } from 'chai'
import type { UsdMicros } from '../../contract/money.ts'
import type { VendorPricing } from '../../contract/pricing.ts'
import { runAccount } from '../../store/rules/accounts.ts'
import { type Rulebook, rulebookWithout } from '../../store/rules/rulebook.ts'
import type * as S from '../../store/store.ts'
import type { Priced } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { PLACEHOLDER_ACCOUNT } from '../../vendors/twilio/routes.ts'
import { callOf, JSON_TYPE } from '../vendors/calls.ts'
import { inMemory, micros, Stage, seeded } from './stage.ts'

const SEED = Number(process.env['SEED'] ?? 1)
const SEQUENCES = 10_000
const CALLS_IN_A_SEQUENCE = 6

const usd = (amount: number) => amount as UsdMicros
const RATES = { EUR: 1_083_217, JPY: 6_713, KWD: 3_251_009 }
const DECIMALS = { USD: 2, EUR: 2, JPY: 0, KWD: 3 }
const BUFFER_BASIS_POINTS = 137
const SEGMENT_USD_MICROS = 7_901
const TOKENS = { input: 2_500_003, output: 10_000_007 }

const CURRENCIES: VendorPricing['currencies'] = {
  bufferBasisPoints: BUFFER_BASIS_POINTS,
  usdMicrosPerMajorUnit: RATES,
  hash: '',
}
const PRICING: Readonly<Record<'stripe' | 'twilio' | 'openai', VendorPricing>> = {
  stripe: { type: 'stripe', currencies: CURRENCIES, routes: [], idempotency: 'never' },
  twilio: {
    type: 'twilio',
    currencies: CURRENCIES,
    routes: [],
    idempotency: 'never',
    twilio: {
      accountSid: `AC${'5e'.repeat(16)}`,
      prices: {
        segmentUsdMicros: usd(SEGMENT_USD_MICROS),
        mmsUsdMicros: null,
        callMinuteUsdMicros: null,
        recordMinuteUsdMicros: null,
        machineDetectionUsdMicros: null,
        engagementUsdMicros: null,
      },
      pricesByTo: {},
      callTimeLimitSeconds: null,
    },
  },
  openai: {
    type: 'openai',
    currencies: CURRENCIES,
    routes: [],
    idempotency: 'never',
    tokens: {
      models: [
        {
          model: 'm-1',
          base: {
            inputPerMillionUsdMicros: TOKENS.input,
            outputPerMillionUsdMicros: TOKENS.output,
            cacheReadPerMillionUsdMicros: TOKENS.input,
            cacheWritePerMillionUsdMicros: TOKENS.input,
            cacheWriteHourPerMillionUsdMicros: TOKENS.input,
          },
          long: null,
          contextTokens: null,
        },
      ],
      usesListPrices: false,
      maxOutputTokens: null,
      freeFields: [],
    },
  },
}

/** The smallest whole number that is not below `dividend / divisor`, found by halving: no division that could round. */
function leastNotBelow(dividend: bigint, divisor: bigint): number {
  let [low, high] = [0n, dividend]
  while (low < high) {
    const middle = (low + high) >> 1n
    if (middle * divisor >= dividend) high = middle
    else low = middle + 1n
  }
  return Number(low)
}

/** One call: what the vendor's rules make of it, and what by hand it must come to. */
interface Planned {
  readonly vendor: keyof typeof PRICING
  readonly bound: Priced
  /** Micro-dollars when it is carried out, by the oracle. */
  readonly actual: number
  /** Micro-dollars to reserve, by the oracle; null: only that it is no less than the actual. */
  readonly reserved: number | null
}

function priced(vendor: keyof typeof PRICING, parts: Parameters<typeof callOf>[0]): Priced {
  const bound = costingOf(vendor).bound(callOf(parts), PRICING[vendor])
  if ('code' in bound || bound.kind !== 'priced') throw new Error(`${vendor} ${JSON.stringify(bound)}`)
  return bound
}

function payment(random: () => number): Planned {
  const currency = (['USD', 'EUR', 'JPY', 'KWD'] as const)[Math.floor(random() * 4)] ?? 'USD'
  const minor = 1 + Math.floor(random() * (random() < 0.1 ? 3 : 900))
  const bound = priced('stripe', { body: `amount=${minor}&currency=${currency.toLowerCase()}` })
  const rate = currency === 'USD' ? 1_000_000n : BigInt(RATES[currency])
  const buffer = currency === 'USD' ? 10_000n : 10_000n + BigInt(BUFFER_BASIS_POINTS)
  const amount = leastNotBelow(BigInt(minor) * rate * buffer, 10n ** BigInt(DECIMALS[currency]) * 10_000n)
  const body = Buffer.from(JSON.stringify({ id: 'pi_1', amount: minor, currency: currency.toLowerCase() }))
  const settling = { call: callOf({ body: 'amount=1' }), answer: { status: 200, headers: {}, body }, bound }
  const actual = costingOf('stripe').actual(settling).totalUsdMicros
  expect(actual, `${minor} ${currency}`).to.equal(amount)
  return { vendor: 'stripe', bound, actual, reserved: amount }
}

function message(random: () => number): Planned {
  const length = 1 + Math.floor(random() * 700)
  const body = new URLSearchParams({ To: '+15558675310', From: '+15005550006', Body: 'x'.repeat(length) }).toString()
  const bound = priced('twilio', { path: `/2010-04-01/Accounts/${PLACEHOLDER_ACCOUNT}/Messages.json`, body })
  let segments = 1
  if (length > 160) while (segments * 153 < length) segments += 1
  return { vendor: 'twilio', bound, actual: segments * SEGMENT_USD_MICROS, reserved: segments * SEGMENT_USD_MICROS }
}

function tokens(random: () => number): Planned {
  const content = 'word '.repeat(1 + Math.floor(random() * 40))
  const limit = 1 + Math.floor(random() * 200)
  const text = JSON.stringify({ model: 'm-1', messages: [{ role: 'user', content }], max_completion_tokens: limit })
  const parts = { path: '/v1/chat/completions', body: text, type: JSON_TYPE }
  const bound = priced('openai', parts)
  const [input, output] = [1 + Math.floor(random() * content.length), Math.floor(random() * (limit + 1))]
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
  const body = Buffer.from(JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm-1', choices: [], usage }))
  const answer = { status: 200, headers: { 'content-type': JSON_TYPE }, body }
  const actual = costingOf('openai').actual({ call: callOf(parts), answer, bound }).totalUsdMicros
  const micro = BigInt(input) * BigInt(TOKENS.input) + BigInt(output) * BigInt(TOKENS.output)
  expect(actual, `${input} in, ${output} out`).to.equal(leastNotBelow(micro, 1_000_000n))
  return { vendor: 'openai', bound, actual, reserved: null }
}

/** The cap by the simplest means: all that is spent and held, summed anew each time. */
class Oracle {
  readonly #calls: { spent: number; held: number }[] = []
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get spent(): number {
    return this.#calls.reduce((sum, { spent }) => sum + spent, 0)
  }

  get held(): number {
    return this.#calls.reduce((sum, { held }) => sum + held, 0)
  }

  hasRoom(amount: number): boolean {
    return this.spent + this.held + amount <= this.#limit
  }

  hold(amount: number): { spent: number; held: number } {
    const call = { spent: 0, held: amount }
    this.#calls.push(call)
    return call
  }
}

describe('one cap over Stripe in four currencies, Twilio and tokens', function () {
  this.timeout(600_000)

  async function playSequence(stage: Stage, random: () => number, at: number): Promise<number> {
    const limit = Math.floor(random() * 12_000_000)
    const caller = await stage.key(`sequence-${at}`, { capUsdMicros: micros(limit) })
    const oracle = new Oracle(limit)
    const out: { ref: S.SendRef; planned: Planned; call: { spent: number; held: number } }[] = []
    let refused = 0
    const end = async (which: number) => {
      const [going] = out.splice(which, 1)
      if (going === undefined) return
      const { ref, planned, call } = going
      call.held = 0
      if (random() < 0.2) {
        await stage.notSent(ref)
        return
      }
      call.spent = planned.actual
      await stage.settle(ref, { totalUsdMicros: micros(planned.actual) })
    }
    for (let nth = 0; nth < CALLS_IN_A_SEQUENCE; nth += 1) {
      const kind = random()
      const planned = kind < 0.5 ? payment(random) : kind < 0.75 ? message(random) : tokens(random)
      const { vendor, bound, reserved, actual } = planned
      if (reserved !== null) expect(bound.totalUsdMicros, `${vendor} reserves`).to.equal(reserved)
      expect(bound.totalUsdMicros, `${vendor} reserves no less than is spent`).to.be.at.least(actual)
      const key = { kind: 'named', value: `call-${nth}` } as const
      const ask = { content: `call ${nth}`, key, micros: bound.totalUsdMicros, vendor }
      const request = stage.request(caller, ask)
      const answer = await stage.store.number(request)
      const hasRoom = oracle.hasRoom(bound.totalUsdMicros)
      expect(answer.status, `${bound.totalUsdMicros} into ${limit} - ${oracle.spent} - ${oracle.held}`).to.equal(
        hasRoom ? 'SEND' : 'REFUSED',
      )
      if (answer.status === 'SEND') {
        const { callId, epoch, gen } = answer.call
        const ref = { callId, epoch, gen, nonce: request.send.nonce }
        out.push({ ref, planned, call: oracle.hold(bound.totalUsdMicros) })
      } else refused += 1
      if (random() < 0.6) await end(Math.floor(random() * out.length))
    }
    while (out.length > 0) await end(0)
    const balance = await stage.store.balance(runAccount(caller.runUid))
    expect(balance).to.deep.equal({ spentUsdMicros: oracle.spent, reservedUsdMicros: 0 })
    expect(balance.spentUsdMicros, 'over the cap').to.be.at.most(limit)
    return refused
  }

  /** How many calls were refused. */
  async function play(sequences: number, rules?: Rulebook): Promise<number> {
    const random = seeded(SEED)
    const stage = await Stage.open(inMemory, rules)
    let refused = 0
    for (let at = 0; at < sequences; at += 1) {
      refused += await playSequence(stage, random, at).catch((fault: unknown) => {
        const again = `SEED=${SEED} npx mocha test/store/across-vendors.test.ts`
        throw new Error(`sequence ${at}; again: ${again}`, { cause: fault })
      })
    }
    await stage.store.close()
    return refused
  }

  it(`is never passed and never off by a micro-dollar, in ${SEQUENCES} random sequences (SEED=${SEED})`, async () => {
    expect(await play(SEQUENCES), 'refusals').to.be.greaterThan(SEQUENCES / 10)
  })

  it('and a ledger that forgets the cap is noticed', async () => {
    const fault = await play(SEQUENCES, rulebookWithout('cap_run')).catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(Error)
  })
})
