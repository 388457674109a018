import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { isEventStream } from '../contract/event-stream.ts'
import { type BodyRoom, bytesToHold, type LeaveRoom } from '../runtime/body-room.ts'
import { BODY_WITHIN_MS, CollectedBody } from '../runtime/collected-body.ts'
import { endJoined, flushAfterThisTurn } from '../runtime/joined-answer.ts'
import { Presence } from '../runtime/presence.ts'
import type { Timers } from '../runtime/timers.ts'
import type { WholeReply } from '../runtime/whole-reply.ts'
import type { WholeRequest } from '../runtime/whole-request.ts'
import type { CallClient, CallRequest, SentBody } from './call/call-request.ts'
import type { AnswerHeaders } from './vendor-client/network.ts'

/** Where bodies are held, and for how long their ends are waited for. */
export interface BodyIntake {
  readonly bodies: BodyRoom
  readonly timers: Timers
}

/** A request whose body has its room until it is given back. */
export interface RoomyRequest extends CallRequest {
  leaveRoom(): void
}

/** A request of Node's server as the journey takes it. */
export function callRequest(request: IncomingMessage, response: ServerResponse, intake: BodyIntake): RoomyRequest {
  let leave: LeaveRoom | undefined
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: request.headers as Readonly<Record<string, string | undefined>>,
    repeated: repeatedIn(request.rawHeaders),
    async readBody(limitBytes) {
      leave = await intake.bodies.enter(bytesToHold(request.headers, limitBytes))
      const body = await readBody(request, limitBytes, intake.timers)
      // What is still on its way is not read, so the connection cannot be used again.
      if (!Buffer.isBuffer(body)) response.setHeader('connection', 'close')
      return body
    },
    client: new ResponseClient(response),
    leaveRoom: () => leave?.(),
  }
}

const NONE: readonly string[] = []

/** A request that was read from its socket all at once. */
export function wholeCallRequest({ method, target, headers, body }: WholeRequest, reply: WholeReply): CallRequest {
  return {
    method,
    target,
    headers,
    repeated: NONE,
    readBody: async (limitBytes) => (body.length > limitBytes ? 'too_large' : body),
    client: reply,
  }
}

function repeatedIn(rawHeaders: readonly string[]): readonly string[] {
  const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  const once = new Set(names)
  return once.size === names.length ? NONE : names.filter((name, at) => names.indexOf(name) !== at)
}

/** Rejects when the client breaks off in the body. */
async function readBody(request: IncomingMessage, limitBytes: number, timers: Timers): Promise<SentBody> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return 'too_large'
  return new Promise((resolve, reject) => {
    const body = new CollectedBody(request.headers['content-length'])
    // Nobody else reads the request, so the listeners stay: to take each off takes longer than to let it find all done.
    let isDone = false
    const stopWaiting = timers.after(BODY_WITHIN_MS, () => giveUp('too_slow'))
    const giveUp = (why: 'too_large' | 'too_slow') => {
      isDone = true
      stopWaiting()
      request.pause()
      resolve(why)
    }
    const onData = (chunk: Buffer) => {
      if (isDone) return
      body.add(chunk)
      if (body.size > limitBytes) giveUp('too_large')
    }
    const onEnd = () => {
      if (isDone) return
      isDone = true
      stopWaiting()
      resolve(body.bytes)
    }
    /** Whatever cuts a request closes it. */
    const onClose = () => {
      if (isDone) return
      isDone = true
      stopWaiting()
      reject(new Error('the client broke off'))
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    if (request.destroyed && !request.readableEnded) onClose()
  })
}

/** Whoever waits at the other end of a response of Node's server. */
class ResponseClient implements CallClient {
  readonly #response: ServerResponse
  readonly #presence = new Presence()

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('close', () => this.#presence.closed(response.writableFinished))
  }

  get hasLeft(): boolean {
    return this.#presence.hasLeft
  }

  get isBegun(): boolean {
    return this.#response.headersSent
  }

  onLeft(tell: () => void): () => void {
    return this.#presence.onLeft(tell)
  }

  head(status: number, headers: AnswerHeaders): void {
    if (this.hasLeft) return
    const given: OutgoingHttpHeaders = {}
    for (const name in headers) {
      const value = headers[name]
      if (value !== undefined) given[name] = value
    }
    this.#response.writeHead(status, given)
    if (isEventStream(headers['content-type'])) flushAfterThisTurn(this.#response)
  }

  write(chunk: Uint8Array): boolean {
    return this.hasLeft || this.#response.write(chunk)
  }

  drained(): Promise<void> {
    return this.#presence.drained(this.#response)
  }

  end(body?: Uint8Array): void {
    if (!this.hasLeft) endJoined(this.#response, body)
  }

  flushed(): Promise<void> {
    const response = this.#response
    return new Promise((resolve) => {
      if (response.writableFinished || response.closed) resolve()
      else response.once('finish', resolve).once('close', resolve)
    })
  }

  cut(): void {
    this.#response.destroy()
  }
}
