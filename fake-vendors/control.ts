import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  BadControlRequest,
  readAdvanceMs,
  readFaultRule,
  readHoldRule,
  readKind,
  readLabel,
  readRelease,
} from './control-input.ts'
import type { Stage } from './journey.ts'
import { CALL_KINDS } from './truth.ts'
import type { VendorClock } from './vendor-clock.ts'

export interface Controlled extends Stage {
  readonly clock: VendorClock
}

interface ControlRequest {
  readonly on: Controlled
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  /** Aborted when the asker leaves. */
  readonly signal: AbortSignal
}

interface ControlAnswer {
  readonly status: number
  readonly body: unknown
}

type ControlRoute = (request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>

const NOT_FOUND: ControlAnswer = { status: 404, body: { error: 'not found' } }
const GONE: ControlAnswer = { status: 204, body: null }

const ROUTES: Readonly<Record<string, ControlRoute>> = {
  'POST /faults': ({ on, body }) => created(on.faults.add(readFaultRule(body, on.vendor.statusesWithoutEffect))),
  'GET /faults': ({ on }) => ok({ faults: on.faults.list() }),
  'DELETE /faults': ({ on }) => {
    on.faults.clear()
    return GONE
  },
  'DELETE /faults/:id': ({ on, path }) => (on.faults.remove(path[1] ?? '') ? GONE : NOT_FOUND),
  'POST /holds': ({ on, body }) => created(on.holds.add(readHoldRule(body))),
  'GET /holds': ({ on }) => ok({ rules: on.holds.rules(), held: on.holds.held() }),
  'DELETE /holds': ({ on, body }) => {
    on.holds.clear(readRelease(body))
    return GONE
  },
  'GET /holds/next': async ({ on, signal }) => ok(await on.holds.next(signal)),
  'POST /holds/:id/release': ({ on, path, body }) =>
    on.holds.release(path[1] ?? '', readRelease(body)) ? ok({ released: true }) : NOT_FOUND,
  'POST /mark': ({ on, body }) => created(on.truth.mark(readLabel(body))),
  'POST /clock': ({ on, body }) => {
    on.clock.advance(readAdvanceMs(body))
    return ok({ nowMs: on.clock.nowMs() })
  },
  'GET /truth': ({ on, query }) => {
    const kind = readKind(query.get('kind'))
    return ok({ lines: on.truth.lines.filter((line) => kind === undefined || line.kind === kind) })
  },
  'GET /truth/reached': async ({ on, query }) => {
    const kind = readKind(query.get('kind')) ?? 'effect'
    const count = Number(query.get('count') ?? '1')
    if (!Number.isSafeInteger(count)) throw new BadControlRequest('count must be a whole number')
    await on.truth.reached(kind, count)
    return ok({ kind, count: countOf(on, kind) })
  },
  'GET /stats': ({ on }) => {
    const calls = Object.fromEntries(CALL_KINDS.map((kind) => [kind, countOf(on, kind)]))
    return ok({ vendor: on.vendor.name, seq: on.truth.lines.length, calls, held: on.holds.held().length })
  },
  'GET /healthz': () => ok({ ready: true }),
}

/** Answers one request to the control port. JSON in, JSON out; a misunderstood request gets 400 and the reason. */
export async function control(on: Controlled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('the asker left')))
  response.on('error', () => {})
  let answer: ControlAnswer
  try {
    const url = new URL(request.url ?? '/', 'http://control')
    const path = url.pathname.split('/').slice(1)
    const route = routeOf(request.method ?? 'GET', path)
    const body = await readJson(request)
    answer =
      route === undefined ? NOT_FOUND : await route({ on, path, query: url.searchParams, body, signal: gone.signal })
  } catch (fault) {
    if (gone.signal.aborted) return
    if (!(fault instanceof BadControlRequest)) throw fault
    answer = { status: 400, body: { error: fault.message } }
  }
  response.writeHead(answer.status, { 'Content-Type': 'application/json' })
  response.end(answer.body === null ? undefined : JSON.stringify(answer.body))
}

function routeOf(method: string, path: readonly string[]): ControlRoute | undefined {
  const literal = ROUTES[`${method} /${path.join('/')}`]
  if (literal !== undefined || path.length < 2) return literal
  return ROUTES[`${method} /${path.with(1, ':id').join('/')}`]
}

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  if (chunks.length === 0) return {}
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof body === 'object' && body !== null) return body as Readonly<Record<string, unknown>>
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new BadControlRequest('the body must be a JSON object')
}

function countOf(on: Controlled, kind: string): number {
  return on.truth.lines.filter((line) => line.kind === kind).length
}

function ok(body: unknown): ControlAnswer {
  return { status: 200, body }
}

function created(body: unknown): ControlAnswer {
  return { status: 201, body }
}
