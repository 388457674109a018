import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AnswerNote } from '../../contract/call.ts'
import { type AppExchange, AppLeft } from './app-exchange.ts'
import type { Delivery } from './delivery-file.ts'
import { seenFactOf } from './delivery-file.ts'
import type { Verdict } from './evidence/connection-watch.ts'
import { answeredHeaders } from './headers.ts'
import type { JudgedCall } from './outgoing.ts'
import type { Pod } from './pod.ts'
import type { RelayedAnswer } from './relay.ts'

export interface Delivering {
  /** Of the call, for the turns and the unread answers. */
  readonly id: number
  readonly call: JudgedCall
  readonly answer: RelayedAnswer
  /** The last byte was written, and whether it is read is not known. */
  onWritten(): void
  /** The call has ended for the app: seen, closed unseen, or answered with something not definite. Once. */
  onEnded(): void
}

/** Hands an answer to the app and keeps, in the file and as a fact, whether the app has read it. */
export async function deliver(pod: Pod, app: AppExchange, delivering: Delivering): Promise<void> {
  const delivery = deliveryOf(delivering.call, delivering.answer.note)
  if (delivery === null) {
    delivering.onEnded()
    await sendToApp(app, delivering.answer, async () => {})
    return
  }
  const { id, onWritten, onEnded } = delivering
  const onVerdict = (verdict: Verdict) => void keep(pod, delivery, verdict).finally(end)
  const end = () => {
    pod.unread.remove(id)
    onEnded()
  }
  pod.unread.add(id, { watch: app.watch, onVerdict })
  app.watch.follow(app.response, { onWritten, onVerdict })
  try {
    await sendToApp(app, delivering.answer, () => pod.deliveries.delivering(delivery))
  } catch (fault) {
    // Cut by the ledger, not by the app: such an answer is not definite, and nothing will be known of its reading.
    if (!app.gone.aborted) end()
    throw fault
  }
}

/** What can be seen: a definite answer of a numbered call. */
function deliveryOf({ identity, lane, life }: JudgedCall, note: AnswerNote | undefined): Delivery | null {
  if (note?.definite !== true || note.n === undefined) return null
  const token = identity.key?.kind === 'token' ? identity.key.value : null
  return { life, digest: identity.digest, n: note.n, lane, token }
}

async function keep(pod: Pod, delivery: Delivery, verdict: Verdict): Promise<void> {
  try {
    if (verdict === 'seen') await pod.deliveries.seen(delivery)
    else await pod.deliveries.closed(delivery)
  } catch (fault) {
    // Without the line the answer is ambiguous after a restart, which is the safe side.
    pod.effects.log.error({ err: fault }, 'the fate of an answer could not be written down')
    if (verdict === 'seen') pod.facts.addUnwritten(seenFactOf(delivery), delivery.lane)
  }
  if (verdict === 'unseen') return
  pod.facts.add(seenFactOf(delivery), delivery.lane)
  pod.reports.schedule()
}

/** Writes a collected answer at once, any other as it comes. Throws when it is cut, or when the app leaves. */
export async function sendToApp(
  app: AppExchange,
  answer: RelayedAnswer,
  beforeLastByte: () => Promise<void>,
): Promise<void> {
  const { response } = app
  response.sendDate = false
  response.writeHead(answer.status, answeredHeaders(answer.headers, answer.note))
  // A stream's head does not wait for its first event.
  if (isEventStream(answer)) response.flushHeaders()
  const { body } = answer
  const last = Buffer.isBuffer(body) ? body : await sendAllButLast(app, body, isEventStream(answer))
  assertStays(app)
  await beforeLastByte()
  assertStays(app)
  endWith(response, last)
}

/** Up to this size head and body go out as one text, in one write. Bytes. */
const JOINED_BYTES = 16 * 1024

/** Node joins a head with what follows only when that is text; Latin-1 keeps every byte. */
function endWith(response: ServerResponse, last: Uint8Array | undefined): void {
  if (Buffer.isBuffer(last) && last.length <= JOINED_BYTES) response.end(last.toString('latin1'), 'latin1')
  else response.end(last)
}

/** Of an event stream nothing is held back: its last byte is the one that ends the chunks. */
async function sendAllButLast(
  app: AppExchange,
  body: AsyncIterable<Uint8Array>,
  holdsNothingBack: boolean,
): Promise<Uint8Array | undefined> {
  let held: Uint8Array | undefined
  try {
    for await (const chunk of body) {
      if (held !== undefined) await write(app, held)
      held = holdsNothingBack ? undefined : chunk
      if (holdsNothingBack) await write(app, chunk)
    }
    return held
  } catch (fault) {
    app.response.destroy()
    throw fault
  }
}

async function write({ response, gone }: AppExchange, chunk: Uint8Array): Promise<void> {
  if (!response.write(chunk)) await once(response, 'drain', { signal: gone })
}

function assertStays({ gone, watch }: AppExchange): void {
  if (gone.aborted) throw gone.reason
  if (watch.isGone) throw new AppLeft()
}

function isEventStream({ headers }: RelayedAnswer): boolean {
  return headers['content-type']?.startsWith('text/event-stream') === true
}
