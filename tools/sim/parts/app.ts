import type { Incarnation } from '../incarnation.ts'
import { namedKeyOf } from '../plan/named-key.ts'
import type { CallPlan, Step } from '../plan/plan.ts'
import { type AppAnswer, AppClient, type AppResult, type Dial } from './app-client.ts'
import type { WorkQueue } from './work-queue.ts'

/** What an app has learnt of its calls. The judge's witness: it knows nothing of ours. */
export interface AppMemory {
  /** A request goes out. */
  tried(call: CallPlan): void
  /** Its answer says that it had no effect. */
  hadNone(call: CallPlan): void
  /** The app's code was handed a success for a call to this customer. */
  succeeded(call: CallPlan, life: number, body: string): void
  declined(call: CallPlan): void
  failed(call: CallPlan, how: string, life: number): void
  /** The app has walked through all of it in one life and ends well. */
  walked(): void
}

export interface AppOptions {
  readonly process: Incarnation
  readonly dial: Dial
  readonly work: Work
  readonly memory: AppMemory
}

/** What is to be walked through; or where items of work are taken from until none is left. */
export type Work = readonly Step[] | WorkQueue

const SDK_PAUSE_MS = 500
const APP_PAUSE_MS = 1_000
const LOOKS_FOR_WORK_MS = 2_000
const BEGIN_TIMEOUT_MS = 30_000

/** The user's program: walks through its calls as the SDKs make them. Resolves to its exit code. */
export class App {
  readonly #options: AppOptions
  readonly #client: AppClient
  #life = 1

  constructor(options: AppOptions) {
    this.#options = options
    this.#client = new AppClient(options.process, options.dial)
  }

  closeConnections(): void {
    this.#client.closeAll()
  }

  async run(): Promise<number> {
    const { work, memory } = this.#options
    const isDone = 'take' in work ? await this.#workOff(work) : await this.#walk(work)
    if (!isDone) return 1
    if (this.#life === 1) memory.walked()
    return 0
  }

  async #walk(steps: readonly Step[]): Promise<boolean> {
    for (const step of steps) {
      const isGoingOn = step.kind === 'begin' ? await this.#begin() : await this.#callAll(step.calls)
      if (!isGoingOn) return false
    }
    return true
  }

  /** Item by item. One at which the app gives up is left to whoever takes it next. */
  async #workOff(queue: WorkQueue): Promise<boolean> {
    const { process } = this.#options
    for (;;) {
      const item = await process.effect('app.take', () => queue.take())
      if (item === 'none') return true
      if (item === 'later') {
        await process.timers.sleep(LOOKS_FOR_WORK_MS)
        continue
      }
      process.stage.trace.say(process.name, `takes item ${item.nth}`)
      if (!(await this.#walk(item.steps))) return false
      await process.effect('app.done', () => queue.done(item))
    }
  }

  async #callAll(calls: readonly CallPlan[]): Promise<boolean> {
    const ends = await Promise.all(calls.map((call) => this.#intend(call)))
    return ends.every(Boolean)
  }

  /** One intended call, on an object where its plan says so. False: the app gives up. */
  async #intend(call: CallPlan, object = ''): Promise<boolean> {
    const { memory, process } = this.#options
    const { again, then } = call.onFailure
    for (let tries = 0; ; tries += 1) {
      const result = await this.#callSdk(call, object)
      if (!('failure' in result) && result.status >= 200 && result.status < 300) {
        memory.succeeded(call, this.#life, result.body)
        return call.afterwards === undefined ? true : await this.#intend(call.afterwards, idIn(result.body))
      }
      if (!('failure' in result) && result.status === 402) {
        memory.declined(call)
        return call.instead === undefined ? true : await this.#intend(call.instead)
      }
      memory.failed(call, 'failure' in result ? result.failure : `${result.status} ${refusalOf(result)}`, this.#life)
      if (tries >= again) return then === 'go on'
      await process.timers.sleep(APP_PAUSE_MS)
    }
  }

  /** As stripe-node does it: repeats under one key on connection faults, 409 and 5xx, unless told not to. */
  async #callSdk(call: CallPlan, object: string): Promise<AppResult> {
    const { memory, process } = this.#options
    const key = this.#keyOf(call)
    const body = bodyOf(call, process.clock.nowMs())
    for (let tries = 0; ; tries += 1) {
      memory.tried(call)
      const answer = await this.#client.request({
        path: pathOf(call, object),
        headers: { ...headersOf(call), ...(key === null ? {} : { 'idempotency-key': key }) },
        body,
        timeoutMs: call.timeoutMs,
        keepsAlive: call.keepsAlive,
        ...(call.stream?.closesAtDone === true ? { closesAt: 'data: [DONE]' } : {}),
      })
      const result = tries < call.sdkRetries && key !== null ? this.#orGivenUp(answer) : answer
      if (saysNoEffect(result)) memory.hadNone(call)
      if (tries >= call.sdkRetries || !isRetried(result)) return result
      await process.timers.sleep(SDK_PAUSE_MS * 2 ** tries)
    }
  }

  /** Only a success, and only where the SDK asks again under a key that it keeps: what else an app drops it has seen. */
  #orGivenUp(answer: AppResult): AppResult {
    if ('failure' in answer || answer.status !== 200) return answer
    return this.#options.process.stage.faults.app() === undefined ? answer : { failure: 'timed out' }
  }

  #keyOf(call: CallPlan): string | null {
    switch (call.key) {
      case 'none':
        return null
      case 'sdk':
        return `stripe-node-retry-${this.#options.process.random.uuid()}`
      case 'uuid':
        return this.#options.process.random.uuid()
      case 'named':
      case 'misnamed':
        return namedKeyOf(call)
    }
  }

  async #begin(): Promise<boolean> {
    const answer = await this.#client.request({
      path: '/_jobcap/begin',
      headers: {},
      body: '',
      timeoutMs: BEGIN_TIMEOUT_MS,
      keepsAlive: false,
    })
    const isBegun = !('failure' in answer) && answer.status === 200
    if (isBegun) this.#life += 1
    return isBegun
  }
}

function isRetried(result: AppResult): boolean {
  if ('failure' in result) return true
  const told = result.headers['stripe-should-retry']
  if (told !== undefined) return told === 'true'
  return result.status === 409 || result.status >= 500
}

/** Refusals that a repeat of the request cannot overtake. */
const NOTHING_WAS_SENT = ['cap_exhausted', 'vendor_unreachable', 'endpoint_not_allowed']

function saysNoEffect(result: AppResult): boolean {
  if ('failure' in result) return false
  const refused = refusalOf(result)
  if (refused !== '') return NOTHING_WAS_SENT.includes(refused)
  return result.status === 402 || result.status === 429
}

function refusalOf({ headers }: AppAnswer): string {
  return headers['jobcap-refused'] ?? ''
}

const PATHS = {
  stripe: '/stripe/v1/payment_intents',
  geo: '/geo/v1/lookup',
  model: '/model/v1/chat/completions',
} as const

function pathOf({ vendor, act }: CallPlan, object: string): string {
  return act === undefined ? PATHS[vendor] : `${PATHS[vendor]}/${object}/${act}`
}

function idIn(body: string): string {
  return (JSON.parse(body) as { id: string }).id
}

function headersOf({ vendor }: CallPlan): Record<string, string> {
  return vendor === 'stripe'
    ? { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Stripe/v1 NodeBindings/23.1.0' }
    : { 'content-type': 'application/json' }
}

/** The vendor's truth goes by the customer, so contents of different meaning have different ones. */
export function bodyOf(call: CallPlan, nowMs: number): string {
  const { vendor, customer, usd, isStamped, act, afterwards } = call
  if (act !== undefined) return ''
  if (vendor === 'model') return promptOf(call)
  if (vendor === 'geo') return JSON.stringify({ address: customer, ...(isStamped ? { at: nowMs } : {}) })
  const stamp = isStamped ? `&metadata[at]=${nowMs}` : ''
  const held = afterwards === undefined ? '' : '&capture_method=manual'
  return `amount=${Math.round(usd * 100)}&currency=usd&customer=${customer}${held}${stamp}`
}

/** A token of output is a dollar. */
function promptOf({ customer, usd, stream }: CallPlan): string {
  const usage = stream?.asksForUsage === true ? { stream_options: { include_usage: true } } : {}
  const streamed = stream === undefined ? {} : { stream: true, ...usage }
  return JSON.stringify({
    model: 'tiny',
    max_tokens: usd,
    messages: [{ role: 'user', content: customer }],
    ...streamed,
  })
}
