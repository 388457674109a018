import {
  type LedgerAnswer,
  type LedgerLink,
  type LedgerRequest,
  LedgerUnreachable,
} from '../../../sidecar/ledger-link.ts'
import type { Incarnation } from '../incarnation.ts'
import { Arrivals } from './arrivals.ts'
import type { LedgerPart } from './ledger-part.ts'
import { PartsOnTheirWay } from './parts-on-their-way.ts'
import type { AnswerWay, WireAnswer, WireRequest } from './wire.ts'

/** What a peer that vanished without a word is noticed after. */
const SILENCE_MS = 12_000

export interface LinkOptions {
  readonly asker: Incarnation
  /** A ledger that takes connections now; undefined: none does. */
  readonly ledger: () => LedgerPart | undefined
  readonly onRequest: (request: WireRequest) => void
}

/** The network between one process in a Pod and the ledgers: it loses, delays, repeats and tears what passes. */
export function ledgerLink(options: LinkOptions): LedgerLink {
  return { ask: (request) => new Promise((resolve, reject) => new Asking(options, request).begin(resolve, reject)) }
}

class Asking {
  readonly #options: LinkOptions
  readonly #request: LedgerRequest
  readonly #wire: WireRequest
  #isOver = false
  #leave: () => void = () => {}

  constructor(options: LinkOptions, request: LedgerRequest) {
    this.#options = options
    this.#request = request
    this.#wire = wireOf(request)
  }

  begin(resolve: (answer: LedgerAnswer) => void, reject: (reason: unknown) => void): void {
    const { asker } = this.#options
    const { signal } = this.#request
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const abort = () => {
      if (this.#isOver) return
      this.#isOver = true
      this.#leave()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
    const end = (delayMs: number, tell: () => void) =>
      asker.wake(delayMs, () => {
        if (this.#isOver) return
        this.#isOver = true
        signal?.removeEventListener('abort', abort)
        tell()
      })
    this.#go({
      answer: (answer, delayMs) => end(delayMs, () => resolve(answer)),
      fail: (why, delayMs) => end(delayMs, () => reject(new LedgerUnreachable(why))),
    })
  }

  #go(told: { answer: (answer: LedgerAnswer, delayMs: number) => void; fail: (why: string, delayMs: number) => void }) {
    const { asker, onRequest } = this.#options
    const { stage } = asker
    const fault = stage.faults.link()
    if (fault !== undefined)
      stage.trace.say('network', `${fault.how} (${this.#wire.method} ${this.#wire.target} of ${asker.name})`)
    void asker.effect('link.ask', () => {
      onRequest(this.#wire)
      if (fault?.how === 'lose request') {
        told.fail('the connection was lost', Math.min(fault.byMs, SILENCE_MS))
        return
      }
      const give = (answer: LedgerAnswer, delayMs: number) => {
        if (fault?.how !== 'lose answer') told.answer(answer, delayMs)
        else told.fail('the connection was lost', Math.min(fault.byMs, SILENCE_MS))
      }
      const isTorn = fault?.how === 'tear answer'
      stage.scheduler.after(stage.delayMs(asker.chance) + (fault?.how === 'late' ? fault.byMs : 0), () => {
        this.#leave = this.#deliver({
          ...this.#streamed((answer) => give(answer, 0), {
            isTorn,
            onBroken: () => told.fail('the connection was reset', stage.delayMs(asker.chance)),
          }),
          onAnswer: (answer) => give(ledgerAnswer(answer, isTorn), stage.delayMs(asker.chance)),
        })
        if (this.#isOver) this.#leave()
      })
      if (fault?.how !== 'copy') return
      stage.scheduler.after(fault.byMs, () => {
        stage.trace.say('network', `a late copy of ${this.#wire.method} ${this.#wire.target} of ${asker.name}`)
        this.#deliver({ onAnswer: nothing, onHead: nothing, onPart: nothing, onEnd: nothing, onBroken: nothing })
      })
    })
  }

  /** An answer that is read while it comes; its parts come in their order. */
  #streamed(
    onAnswer: (answer: LedgerAnswer) => void,
    { isTorn, onBroken }: { readonly isTorn: boolean; readonly onBroken: () => void },
  ): Omit<AnswerWay, 'onAnswer'> & { onBroken(): void } {
    const arrivals = new Arrivals(this.#options.asker)
    const parts = new PartsOnTheirWay()
    let hasHead = false
    return {
      onHead: ({ status, headers }) => {
        hasHead = true
        arrivals.take(() => onAnswer({ status, headers, body: this.#read(parts) }))
      },
      onPart: (part) =>
        arrivals.take(() => {
          parts.push(part)
          if (isTorn) parts.end(false)
        }),
      onEnd: (isWhole) => arrivals.take(() => parts.end(isWhole)),
      onBroken: () => (hasHead ? arrivals.take(() => parts.end(false)) : onBroken()),
    }
  }

  /** Who does not read to the end has closed the connection. */
  async *#read(parts: PartsOnTheirWay): AsyncGenerator<Uint8Array> {
    const { signal } = this.#request
    const abort = () => parts.end(false)
    signal?.addEventListener('abort', abort, { once: true })
    let isAtEnd = false
    try {
      for await (const part of parts) {
        if (signal?.aborted) throw signal.reason
        yield part
      }
      isAtEnd = true
    } catch (fault) {
      throw signal?.aborted ? signal.reason : fault
    } finally {
      signal?.removeEventListener('abort', abort)
      if (!isAtEnd) this.#leave()
    }
  }

  #deliver(told: AnswerWay & { onBroken(): void }): () => void {
    const ledger = this.#options.ledger()
    if (ledger !== undefined) return ledger.serve(this.#wire, told)
    told.onBroken()
    return () => {}
  }
}

const nothing = () => {}

function ledgerAnswer({ status, headers, body, isWhole }: WireAnswer, isTorn: boolean): LedgerAnswer {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const isCut = isTorn || !isWhole
    yield isCut ? body.subarray(0, body.length / 2) : body
    if (isCut) throw new Error('aborted')
  }
  return { status, headers, body: chunks() }
}

function wireOf({ method, path, headers, body }: LedgerRequest): WireRequest {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : String(value)] as const],
  )
  const all = { host: 'ledger', ...Object.fromEntries(given), 'content-length': String(body.length) }
  return { method, target: path, headers: all, body: Buffer.from(body) }
}
