import { once } from 'node:events'
import type { AnswerNote } from '../../contract/call.ts'
import { isEventStream } from '../../contract/event-stream.ts'
import { refusalBodyFor } from '../../contract/refusals.ts'
import { endJoined, flushAfterThisTurn } from '../../runtime/joined-answer.ts'
import { type AppExchange, AppLeft } from './app-exchange.ts'
import type { OpenLine, Room } from './delivery-file.ts'
import { factOf } from './delivery-lines.ts'
import { EventStreamEnd } from './event-stream.ts'
import type { Verdict } from './evidence/connection-watch.ts'
import { answeredHeaders } from './headers.ts'
import type { Pod } from './pod.ts'
import type { RelayedAnswer } from './relay.ts'

export interface Delivering {
  /** Of the call, for the turns and the unread answers. */
  readonly id: number
  /** For what becomes of it. */
  readonly room: Room
  readonly answer: RelayedAnswer
  /** The last byte was written, and whether it is read is not known. */
  onWritten(): void
  /** The call has ended for the app: seen, closed unseen, or answered with something not definite. Once. */
  onEnded(): void
}

/** Hands an answer to the app and keeps, in the file and as a fact, whether the app has read it. */
export async function deliver(pod: Pod, app: AppExchange, delivering: Delivering): Promise<void> {
  const { id, room, answer, onWritten, onEnded } = delivering
  const n = seenNumberOf(answer.note)
  if (n === null) {
    onEnded()
    await sendToApp(app, answer, () => {})
    return
  }
  let line: OpenLine | null = null
  const end = () => {
    pod.unread.remove(id)
    onEnded()
  }
  const onVerdict = (verdict: Verdict) => {
    if (line !== null) keep(pod, line, verdict)
    end()
  }
  pod.unread.add(id, { watch: app.watch, onVerdict })
  app.watch.follow(app.response, { onWritten, onVerdict })
  try {
    await sendToApp(app, answer, () => {
      line = pod.deliveries.delivering(room, n)
    })
  } catch (fault) {
    // Cut by the ledger, not by the app: such an answer is not definite, and nothing will be known of its reading.
    if (!app.gone.aborted) end()
    throw fault
  }
}

/** What can be seen: a definite answer of a numbered call. */
function seenNumberOf(note: AnswerNote | undefined): number | null {
  return note?.definite === true ? (note.n ?? null) : null
}

function keep(pod: Pod, line: OpenLine, verdict: Verdict): void {
  const { delivery } = line
  try {
    if (verdict === 'seen') pod.deliveries.seen(line)
    else pod.deliveries.closed(line)
  } catch (fault) {
    // Without it the answer is ambiguous after a restart, which is the safe side.
    pod.effects.log.error({ err: fault }, 'the fate of an answer could not be written down')
    if (verdict === 'seen') pod.facts.keepUnwritten(factOf(delivery), delivery.lane)
  }
  if (verdict === 'unseen') return
  pod.facts.add(factOf(delivery), delivery.lane)
  pod.reports.schedule()
}

/** Writes a collected answer at once, any other as it comes. Throws when it is cut, or when the app leaves. */
export async function sendToApp(app: AppExchange, relayed: RelayedAnswer, beforeLastByte: () => void): Promise<void> {
  const { response } = app
  const answer = asAppReads(app, relayed)
  response.sendDate = false
  response.writeHead(answer.status, answeredHeaders(answer.headers, answer.note))
  const isOfEvents = isEventStream(answer.headers['content-type'])
  if (isOfEvents) flushAfterThisTurn(response)
  const { body } = answer
  const last = Buffer.isBuffer(body) ? body : await sendAllButLast(app, body, isOfEvents)
  assertStays(app)
  beforeLastByte()
  endJoined(response, last)
}

function asAppReads({ request }: AppExchange, answer: RelayedAnswer): RelayedAnswer {
  if (answer.refused === undefined || !Buffer.isBuffer(answer.body)) return answer
  const body = Buffer.from(refusalBodyFor(request.headers['user-agent'], answer.body.toString()))
  return { ...answer, headers: { ...answer.headers, 'content-length': String(body.length) }, body }
}

/** All of an event stream goes out as it comes but its end; of any other answer the last part is held back. */
async function sendAllButLast(
  app: AppExchange,
  body: AsyncIterable<Uint8Array>,
  isOfEvents: boolean,
): Promise<Uint8Array | undefined> {
  try {
    return isOfEvents ? await sendEvents(app, body) : await sendParts(app, body)
  } catch (fault) {
    app.response.destroy()
    throw fault
  }
}

async function sendEvents(app: AppExchange, body: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  const end = new EventStreamEnd()
  for await (const part of body) {
    const now = end.next(part)
    if (now.length > 0) await write(app, now)
  }
  return end.rest()
}

async function sendParts(app: AppExchange, body: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  let held: Uint8Array | undefined
  for await (const part of body) {
    if (held !== undefined) await write(app, held)
    held = part
  }
  return held
}

async function write({ response, gone }: AppExchange, chunk: Uint8Array): Promise<void> {
  if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal })
}

function assertStays({ gone, watch }: AppExchange): void {
  if (gone.aborted) throw gone.reason
  if (watch.isGone) throw new AppLeft()
}
