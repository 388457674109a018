import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Timers } from '../runtime/timers.ts'
import type { Fault, Faults } from './faults.ts'
import type { HoldRule, Holds } from './holds.ts'
import { reset, send, sendCut, sendGarbage, sendHalf, sendSlowly, sendWrongLength } from './send.ts'
import type { Truth, TruthCall } from './truth.ts'
import type { Answer, Fact, Outcome, Vendor, VendorCall } from './vendor.ts'

/** Largest request body a stand-in takes: what language models take with pictures in it. */
const MAX_BODY_BYTES = 32 * 1024 * 1024

export interface Stage {
  readonly vendor: Vendor
  readonly truth: Truth
  readonly faults: Faults
  readonly holds: Holds
  readonly timers: Timers
}

/**
 * A call's way through a stand-in: faults at the edge → carried out and recorded in one synchronous step →
 * held or delayed → answered. A client that leaves on the way changes nothing but that nobody reads the answer.
 */
export async function serve(stage: Stage, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A client may leave at any moment; without a listener that would be an uncaught error.
  response.on('error', () => {})
  const call = await readCall(stage.vendor, request)
  if (call === undefined) return
  const early = stage.faults.take('before', call)
  if (early !== undefined && early.kind !== 'delay') {
    failBefore(stage, { call, response, fault: early })
    return
  }
  if (early !== undefined) await stage.timers.sleep(early.delayMs)

  const outcome = stage.vendor.carryOut(call)
  const late = stage.faults.take('after', call, outcome.fact.kind)
  const hold = stage.holds.take(call, outcome.fact.kind)
  const line = record(stage, call, late === undefined ? outcome.fact : { ...outcome.fact, fault: late.kind })
  const answer = late?.kind === 'answer' ? otherAnswer(stage.vendor, call, late) : outcome.answer
  const release = await waitAndConclude(stage, { call, line, outcome, answer, late, hold, response })
  if (release === 'reset') reset(response)
  else await deliver(stage, { response, answer, late })
}

/** Undefined where the client left before its request was whole, or sent too much. */
async function readCall(vendor: Vendor, request: IncomingMessage): Promise<VendorCall | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) {
        request.socket.destroy()
        return undefined
      }
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  const body = Buffer.concat(chunks)
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
  const key = request.headers['idempotency-key']
  return {
    method: request.method ?? 'GET',
    path,
    query,
    headers: request.headers,
    body,
    requestId: vendor.newRequestId(),
    idempotencyKey: typeof key === 'string' ? key : undefined,
    fields: vendor.fieldsOf(body, request.headers['content-type'] ?? ''),
  }
}

function failBefore(
  stage: Stage,
  { call, response, fault }: { call: VendorCall; response: ServerResponse; fault: Exclude<Fault, { kind: 'delay' }> },
): void {
  const answer = fault.kind === 'answer' ? otherAnswer(stage.vendor, call, fault) : undefined
  const status = answer?.status ?? 0
  record(stage, call, { kind: status === 402 ? 'declined' : 'refused', status, fault: fault.kind })
  if (fault.kind === 'answer' && answer !== undefined) {
    if (fault.saved === true) stage.vendor.keep(call, answer)
    send(response, answer)
  } else if (fault.kind === 'garbage') sendGarbage(response)
  else if (fault.kind === 'reset') reset(response)
}

function otherAnswer(vendor: Vendor, call: VendorCall, fault: Extract<Fault, { kind: 'answer' }>): Answer {
  const answer = vendor.scriptedAnswer(call, fault.status)
  return { ...answer, headers: { ...answer.headers, ...fault.headers }, body: fault.body ?? answer.body }
}

function record(stage: Stage, call: VendorCall, fact: Fact): TruthCall {
  const { method, path, requestId, idempotencyKey } = call
  const key = idempotencyKey === undefined ? {} : { idempotencyKey }
  return stage.truth.call({ vendor: stage.vendor.name, method, path, requestId, ...key, ...fact })
}

interface Carried {
  readonly call: VendorCall
  readonly line: TruthCall
  readonly outcome: Outcome
  readonly answer: Answer
  readonly late: Fault | undefined
  readonly hold: HoldRule | undefined
  readonly response: ServerResponse
}

async function waitAndConclude(stage: Stage, carried: Carried) {
  const { call, line, outcome, answer, late, hold, response } = carried
  const delay = late?.kind === 'delay' ? late : undefined
  const keyBusy = hold?.keyBusy === true || delay?.keyBusy === true
  const clientGone = new Promise<void>((resolve) => {
    if (response.destroyed) resolve()
    else response.once('close', () => resolve())
  })
  if (!keyBusy) outcome.conclude(answer)
  if (delay !== undefined) await stage.timers.sleep(delay.delayMs)
  const release =
    hold === undefined ? 'answer' : await stage.holds.hold(hold, { truth: line, fields: call.fields }, clientGone)
  if (keyBusy) outcome.conclude(answer)
  return release
}

async function deliver(
  stage: Stage,
  { response, answer, late }: { response: ServerResponse; answer: Answer; late: Fault | undefined },
): Promise<void> {
  switch (late?.kind) {
    case undefined:
    case 'answer':
    case 'delay':
      return send(response, answer)
    case 'silence':
      return
    case 'reset':
      return reset(response)
    case 'garbage':
      return sendGarbage(response)
    case 'half':
      return sendHalf(response, answer)
    case 'drip':
      return await sendSlowly(response, answer, { ...late, timers: stage.timers })
    case 'cut':
      return sendCut(response, answer, late)
    case 'wrong_length':
      return sendWrongLength(response, answer, late.byBytes)
  }
}
