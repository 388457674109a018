import type { IncomingHttpHeaders } from 'node:http'
import type { TruthCall } from './truth.ts'

/** Names as a form writes them (`customer`, `metadata[order]`, `items[0][price]`) to values as text. */
export type Fields = Readonly<Record<string, string>>

/** One request to a stand-in, its body read to the end. */
export interface VendorCall {
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly requestId: string
  readonly idempotencyKey: string | undefined
  /** The body flattened, for matching; empty where it cannot be read. */
  readonly fields: Fields
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Instead of the body: what comes part by part, as the client takes it. */
  readonly parts?: () => Iterable<string>
}

/** What goes into the truth file about a call, beyond what the request itself says. */
export type Fact = Omit<TruthCall, 'seq' | 'atMs' | 'vendor' | 'method' | 'path' | 'requestId' | 'idempotencyKey'>

/** A call carried out: its effect, if any, has happened. */
export interface Outcome {
  readonly answer: Answer
  readonly fact: Fact
  /** Ends the call: from here on `answer` is what a repeat under the same idempotency key is told. */
  conclude(answer: Answer): void
}

/** What makes one vendor differ from another. Everything is synchronous: an effect and its record are one step. */
export interface Vendor {
  readonly name: string
  newRequestId(): string
  fieldsOf(body: Buffer, contentType: string): Fields
  carryOut(call: VendorCall): Outcome
  /** The answer of this status in the vendor's own words, for a scripted fault. */
  scriptedAnswer(call: VendorCall, status: number): Answer
  /** Keeps a scripted answer under the call's key, as if the call had begun and failed without an effect. */
  keep(call: VendorCall, answer: Answer): void
  /** Statuses that this vendor promises to give only when nothing has happened. */
  readonly statusesWithoutEffect: readonly number[]
}

/** Flattens a decoded JSON body or form the way a form names its fields. */
export function flatten(value: unknown): Fields {
  return Object.fromEntries(leavesOf(value, ''))
}

function leavesOf(value: unknown, name: string): [name: string, text: string][] {
  if (typeof value === 'string') return [[name, value]]
  if (typeof value === 'number' || typeof value === 'boolean') return [[name, String(value)]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, name === '' ? key : `${name}[${key}]`))
}
