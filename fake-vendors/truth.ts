import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Clock } from '../runtime/clock.ts'

/**
 * What one request to the vendor came to:
 * `effect` something was created, changed or moved · `declined` the card was refused, nothing moved ·
 * `read` nothing changed · `replay` the first answer of the same idempotency key was given again ·
 * `refused` nothing happened: bad input, wrong secret, unknown route, or a scripted fault before the effect.
 */
export type CallKind = 'effect' | 'declined' | 'read' | 'replay' | 'refused'

export const CALL_KINDS: readonly CallKind[] = ['effect', 'declined', 'read', 'replay', 'refused']

export interface TruthCall {
  /** 1, 2, 3 … in the order in which things happened at this vendor. */
  seq: number
  /** The machine's wall clock when it happened; the vendor's own movable clock does not touch it. */
  atMs: number
  kind: CallKind
  vendor: string
  method: string
  path: string
  /** The route's pattern, such as `POST /v1/payment_intents/:id/confirm`; absent where no route was found. */
  route?: string
  requestId: string
  /** The status that the vendor decided on. What reached the client may differ: see `fault`. 0 where there was none. */
  status: number
  /** What happened, in the words of the vendor's own events, such as `payment_intent.succeeded`. */
  action?: string
  /** Id of the object that it happened to. */
  object?: string
  /** Face amount in minor units of `currency`; negative where money or an authorisation goes back. */
  amountMinor?: number
  /** What of it really moved, signed likewise: 0 for an authorisation, the amount once captured. */
  movedMinor?: number
  currency?: string
  customer?: string
  /** Model and tokens, where tokens are what is sold. */
  model?: string
  tokens?: Readonly<Record<string, number>>
  metadata?: Readonly<Record<string, string>>
  /** Connected account, where the caller named one. */
  account?: string
  idempotencyKey?: string
  /** On a replay: the request whose answer was given again. */
  originalRequestId?: string
  /** The vendor's error code, where it answered with one. */
  code?: string
  /** The scripted fault that spoilt this call, such as `reset`. */
  fault?: string
}

/** A line that a test or the demo put between two effects. */
export interface TruthMark {
  seq: number
  atMs: number
  kind: 'mark'
  label: string
}

export type TruthLine = TruthCall | TruthMark

/** Every line of a truth file, in the order in which it happened. Throws on a line that is not JSON. */
export function readTruth(file: string): TruthLine[] {
  return parseLines(readFileSync(file, 'utf8'))
}

/** The lines of one kind, narrowed to calls. */
export function callsOf(lines: readonly TruthLine[], kind: CallKind): TruthCall[] {
  return lines.filter((line): line is TruthCall => line.kind === kind)
}

/** The writing end. A line is handed to the kernel before the answer leaves, so killing this process loses none. */
export interface Truth {
  readonly lines: readonly TruthLine[]
  call(fact: Omit<TruthCall, 'seq' | 'atMs'>): TruthCall
  mark(label: string): TruthMark
  /** Resolves as soon as there are `count` lines of this kind. */
  reached(kind: TruthLine['kind'], count: number): Promise<void>
  close(): void
}

interface Waiter {
  kind: TruthLine['kind']
  count: number
  resolve: () => void
}

/** Opens the file for appending; the numbers go on where an earlier process stopped. */
export function openTruth(file: string, clock: Clock): Truth {
  const descriptor = openSync(file, 'a+')
  const lines = parseLines(readFileSync(file, 'utf8'))
  let waiters: Waiter[] = []
  const countOf = (kind: TruthLine['kind']) => lines.filter((line) => line.kind === kind).length

  function append<Line extends TruthLine>(content: Omit<Line, 'seq' | 'atMs'>): Line {
    const line = { seq: lines.length + 1, atMs: clock.nowMs(), ...content } as Line
    writeSync(descriptor, `${JSON.stringify(line)}\n`)
    lines.push(line)
    const reached = waiters.filter((waiter) => waiter.kind === line.kind && countOf(waiter.kind) >= waiter.count)
    waiters = waiters.filter((waiter) => !reached.includes(waiter))
    for (const waiter of reached) waiter.resolve()
    return line
  }

  return {
    lines,
    call: (fact) => append<TruthCall>(fact),
    mark: (label) => append<TruthMark>({ kind: 'mark', label }),
    reached: (kind, count) =>
      new Promise((resolve) => {
        if (countOf(kind) >= count) resolve()
        else waiters.push({ kind, count, resolve })
      }),
    close: () => closeSync(descriptor),
  }
}

function parseLines(text: string): TruthLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TruthLine)
}
