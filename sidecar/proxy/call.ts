import type { CallIdentity } from '../../contract/call.ts'
import { bodyTooLarge, type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal, prefixProblem, recogniserOf } from '../../vendors/registry/identity.ts'
import { type AppExchange, refuse } from './app-exchange.ts'
import { type Collected, collectBody, decodeBody, isDeclaredOver } from './body.ts'
import { deliver, sendToApp } from './deliver.ts'
import type { Room } from './delivery-file.ts'
import type { Delivery } from './delivery-lines.ts'
import { forwardedHeaders } from './headers.ts'
import {
  type JudgedCall,
  type Leave,
  laneOf,
  ledgerPath,
  type Outgoing,
  outgoingAfterFacts,
  outgoingRequest,
  unnumberedHeaders,
} from './outgoing.ts'
import type { Pod } from './pod.ts'
import { type Relayed, relay, type Sent } from './relay.ts'
import { readTarget, type Target } from './target.ts'
import type { Turn, TurnKeeper } from './turn-keeper.ts'

/** One call of an app, from its head to the evidence that its answer was read. */
export async function carryCall(pod: Pod, app: AppExchange, portVendor: string | undefined): Promise<void> {
  const { sidecar } = pod.credentials.current
  const { url = '', headers } = app.request
  const target = readTarget({ url, host: headers.host, portVendor }, sidecar.vendors)
  if (isRefusal(target)) return refuse(app, target)
  const unreadable = target.isByPrefix ? prefixProblem(target.terms, headers['user-agent'] ?? '') : null
  if (unreadable !== null) return refuse(app, unreadable)
  const isOver = isDeclaredOver(app.request, sidecar.maxBodyBytes)
  if (headers.expect !== undefined && !isOver) app.response.writeContinue()
  const { timers } = pod.effects
  const collected = await collectBody(app.request, { limitBytes: sidecar.maxBodyBytes, gone: app.gone, timers })
  if (isRefusal(collected)) return refuse(app, collected)
  const body = isEncoded(app.request) ? await plainBody(app, collected, sidecar.maxBodyBytes) : collected.bytes
  if (isRefusal(body)) return refuse(app, body)
  const call = judge(pod, app, { target, body, isWhole: collected.isWhole })
  if (isRefusal(call)) return refuse(app, call)
  if (call.identity.kind === 'read') return carryRead(pod, app, { call, collected })
  // A key that names the intention tells such calls apart by itself.
  if (isNamedCall(call.identity)) return carryInTurn(pod, app, { call, room: null })
  return carryWithRoom(pod, app, call)
}

/** `room`: for what becomes of the answer; null for a call under a named key, of whose answer nothing is written down. */
interface CallWithRoom {
  readonly call: JudgedCall
  readonly room: Room | null
}

/** What becomes of the answer must find its room in the file, so there is room before the call is sent. */
async function carryWithRoom(pod: Pod, app: AppExchange, call: JudgedCall): Promise<void> {
  const room = pod.deliveries.room(deliveryOf(call))
  if (room === null) {
    pod.effects.log.warn({}, 'the file of deliveries is full, so a call was refused')
    return refuse(app, refusal('delivery_file_full'))
  }
  try {
    await (call.identity.kind === 'llm'
      ? carryLlmCall(pod, app, { call, room })
      : carryInTurn(pod, app, { call, room }))
  } finally {
    pod.deliveries.giveBack(room)
  }
}

function deliveryOf({ identity, lane, life }: JudgedCall): Omit<Delivery, 'n'> {
  return { life, digest: identity.digest, lane, token: identity.key?.value ?? null }
}

const NO_BYTES = Buffer.alloc(0)

function isEncoded({ headers }: AppExchange['request']): boolean {
  return headers['content-encoding'] !== undefined
}

/** A body over the limit stays as it is: none of it is read. */
function plainBody(
  { request }: AppExchange,
  { bytes, isWhole }: Collected,
  limitBytes: number,
): Promise<Buffer | Refusal> | Buffer {
  return isWhole ? decodeBody(bytes, request.headers['content-encoding'], limitBytes) : bytes
}

/** Which call it is. Of a body over the limit nothing is judged but the route: only what is free may pass unread. */
function judge(
  pod: Pod,
  { request }: AppExchange,
  { target, body: read, isWhole }: { target: Target; body: Buffer; isWhole: boolean },
): JudgedCall | Refusal {
  const { sidecar, life } = pod.credentials.current
  const headers = forwardedHeaders(request.headers)
  const limitBytes = sidecar.maxBodyBytes
  const body = isWhole ? read : NO_BYTES
  // To delete from an object makes it a slow one.
  if (isWhole && headers['content-encoding'] !== undefined) delete headers['content-encoding']
  const text: CallText = {
    method: request.method ?? '',
    path: target.path,
    query: target.query,
    headers: request.headers as CallText['headers'],
    body,
  }
  const identity = recogniserOf(target.terms.type)(text, target.terms, sidecar.appKeys)
  if (!isWhole && (isRefusal(identity) || identity.kind !== 'read')) {
    return bodyTooLarge(limitBytes)
  }
  if (isRefusal(identity)) return identity
  return { target, text, identity, lane: laneOf(identity, target.terms.name), life, headers }
}

/** Not numbered, and nothing has to be known of its reading. */
async function carryRead(
  pod: Pod,
  app: AppExchange,
  { call, collected }: { call: JudgedCall; collected: Collected },
): Promise<void> {
  const { sidecar } = pod.credentials.current
  const { request, response, gone } = app
  // The app was kept waiting until it was known that its body may pass unread.
  if (request.headers.expect !== undefined && isDeclaredOver(request, sidecar.maxBodyBytes)) response.writeContinue()
  const body = collected.isWhole ? call.text.body : { first: collected.bytes, rest: request }
  const path = ledgerPath(call.target)
  const relayed = await relay(pod, {
    vendor: call.target.terms.name,
    gone,
    isRepeatable: collected.isWhole,
    isRead: true,
    send: () => ({
      answer: pod.effects.passthrough.ask(request, response, {
        path,
        headers: unnumberedHeaders(pod, call),
        body,
        gone,
      }),
      seen: [],
      lane: call.lane,
      historyId: pod.facts.historyId,
    }),
  })
  await answerPlainly(app, relayed)
}

/** S2 and rule 7: one at a time of the same K, with a new ord at each leaving. */
async function carryInTurn(pod: Pod, app: AppExchange, { call, room }: CallWithRoom): Promise<void> {
  const turns: TurnKeeper = room === null ? pod.namedTurns : pod.turns
  const id = pod.nextId()
  try {
    let turn: Turn = await turns.arrive(id, call.lane, app.gone)
    for (;;) {
      if (turn.kind === 'unread') return refuse(app, refusal('earlier_call_unread'))
      const relayed = await send(pod, app, {
        call,
        leave: { ord: pod.ords.next(), saysDiverged: turn.saysDiverged, openOrds: [] },
      })
      if (relayed.kind !== 'wait') {
        return await answerCall(pod, app, { id, room, relayed, turns })
      }
      turn = await turns.waitAsTold(id, app.gone)
    }
  } catch (fault) {
    if (!pod.unread.has(id)) turns.ended(id)
    throw fault
  }
}

interface Answering {
  readonly id: number
  readonly room: Room | null
  readonly relayed: Exclude<Relayed, { kind: 'wait' }>
  readonly turns: TurnKeeper
}

async function answerCall(pod: Pod, app: AppExchange, { id, room, relayed, turns }: Answering): Promise<void> {
  if (relayed.kind === 'refused' || room === null) {
    turns.ended(id)
    await answerPlainly(app, relayed)
    return
  }
  await deliver(pod, app, {
    id,
    room,
    answer: relayed,
    onWritten: () => turns.answered(id),
    onEnded: () => turns.ended(id),
  })
}

/** Identical calls may run at once; each says which others are open. */
async function carryLlmCall(
  pod: Pod,
  app: AppExchange,
  { call, room }: { call: JudgedCall; room: Room },
): Promise<void> {
  const { digest } = call.identity
  await pod.openLlmCalls.room(digest, app.gone)
  const ord = pod.ords.next()
  const openOrds = pod.openLlmCalls.begin(digest, ord)
  const onEnded = () => pod.openLlmCalls.end(digest, ord)
  const id = pod.nextId()
  try {
    const relayed = await send(pod, app, { call, leave: { ord, saysDiverged: false, openOrds } })
    if (relayed.kind === 'answer') {
      await deliver(pod, app, { id, room, answer: relayed, onWritten: () => {}, onEnded })
      return
    }
    onEnded()
    await answerPlainly(app, relayed)
  } catch (fault) {
    if (!pod.unread.has(id)) onEnded()
    throw fault
  }
}

function send(pod: Pod, { gone }: AppExchange, { call, leave }: { call: JudgedCall; leave: Leave }): Promise<Relayed> {
  return relay(pod, {
    vendor: call.target.terms.name,
    gone,
    isRepeatable: true,
    isRead: false,
    send() {
      const ask = ({ request, seen, historyId }: Outgoing): Sent => {
        const answer = pod.effects.ledger.ask({ ...request, signal: gone })
        return { answer, seen, historyId, lane: call.lane }
      }
      const outgoing = outgoingRequest(pod, call, leave)
      return outgoing === null ? outgoingAfterFacts(pod, call, leave).then(ask) : ask(outgoing)
    },
  })
}

async function answerPlainly(app: AppExchange, relayed: Relayed): Promise<void> {
  switch (relayed.kind) {
    case 'answer':
      return sendToApp(app, relayed, () => {})
    case 'refused':
      return refuse(app, relayed.refused)
    case 'wait':
      // Only calls without a key of their own are ever told to wait.
      return refuse(app, refusal('call_in_progress'))
  }
}

function isNamedCall({ key }: CallIdentity): boolean {
  return key?.kind === 'named'
}
