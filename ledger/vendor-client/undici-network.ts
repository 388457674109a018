import type { Dispatcher } from 'undici'
import type { Timers } from '../../runtime/timers.ts'
import type { AnswerSink, SendResult, VendorNetwork, VendorRequest } from './network.ts'
import { createWayOut, type VendorProxy } from './way-out.ts'

/** Over undici's `dispatch`; it takes the TLS server name from the origin, since no Host header is passed on. */
export function createUndiciNetwork(timers: Timers, proxy: VendorProxy | null = null): VendorNetwork {
  const reusing = createWayOut(1, proxy)
  const fresh = createWayOut(0, proxy)
  return {
    send(request, sink) {
      const agent = (request.onFreshConnection ? fresh : reusing).to(request.origin)
      return new Promise((resolve) => {
        const { idleMs, wholeBodyMs } = request
        const giveUpHead = (abort: () => void) => timers.after(idleMs, abort)
        const giveUpBody = (abort: () => void) =>
          wholeBodyMs === undefined ? () => {} : timers.after(wholeBodyMs, abort)
        dispatch(agent, request, new Sending({ sink, resolve, giveUpHead, giveUpBody }))
      })
    },
    async close() {
      await Promise.all([reusing.close(), fresh.close()])
    },
  }
}

function dispatch(agent: Dispatcher, request: VendorRequest, handler: Sending): void {
  const { origin, method, target, headers, body, idleMs } = request
  try {
    agent.dispatch(
      {
        origin,
        method,
        path: target,
        headers,
        body: body.length === 0 ? null : body,
        // The head is waited for by a timer of ours: undici's are only good to a second.
        headersTimeout: 0,
        bodyTimeout: idleMs,
      },
      handler,
    )
  } catch (fault) {
    handler.neverLeft(fault as Error)
  }
}

interface SendingOptions {
  readonly sink: AnswerSink
  readonly resolve: (result: SendResult) => void
  /** Starts to wait for the head; returns what ends the waiting. */
  readonly giveUpHead: (abort: () => void) => () => void
  /** The same for the end of the body. */
  readonly giveUpBody: (abort: () => void) => () => void
}

class Sending implements Dispatcher.DispatchHandler {
  readonly #sink: AnswerSink
  readonly #resolve: (result: SendResult) => void
  readonly #giveUpHead: SendingOptions['giveUpHead']
  readonly #giveUpBody: SendingOptions['giveUpBody']
  #stopWaiting: (() => void) | undefined
  /** Came in this turn of the event loop, or since the sink is full. */
  #parts: Buffer[] = []
  #isFull = false

  constructor({ sink, resolve, giveUpHead, giveUpBody }: SendingOptions) {
    this.#sink = sink
    this.#resolve = resolve
    this.#giveUpHead = giveUpHead
    this.#giveUpBody = giveUpBody
  }

  neverLeft(fault: Error): void {
    this.#resolve({ kind: 'not_sent', reason: reasonOf(fault) })
  }

  /** Called when a connection stands and the first byte is about to be written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#stopWaiting = this.#giveUpHead(() => controller.abort(new Error('the vendor did not answer in time')))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return
    this.#stopWaiting?.()
    this.#stopWaiting = this.#giveUpBody(() => controller.abort(new Error('the answer did not end in time')))
    this.#sink.head(status, headers)
  }

  /** What came with one read of the socket is handed on at once: a fast stream has a hundred chunks in each. */
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#parts.push(chunk)
    // A pause takes hold with the next part, which then waits here.
    if (this.#isFull) controller.pause()
    else if (this.#parts.length === 1) queueMicrotask(() => this.#give(controller))
  }

  onResponseEnd(): void {
    const handed = this.#handOn()
    this.#stopWaiting?.()
    this.#resolve(handed instanceof Error ? { kind: 'lost', reason: reasonOf(handed) } : { kind: 'answered' })
  }

  onResponseError(_: Dispatcher.DispatchController, fault: Error): void {
    this.#handOn()
    this.#stopWaiting?.()
    this.#resolve({ kind: this.#stopWaiting === undefined ? 'not_sent' : 'lost', reason: reasonOf(fault) })
  }

  /** False while the sink is full; the stream then goes on by itself. */
  #give(controller: Dispatcher.DispatchController): boolean {
    const handed = this.#handOn()
    if (handed instanceof Error) controller.abort(handed)
    this.#isFull = handed === 'full'
    if (handed !== 'full') return true
    controller.pause()
    void this.#sink.drained().then(() => {
      if (this.#give(controller)) controller.resume()
    })
    return false
  }

  /** An error: the sink wants no more. */
  #handOn(): 'taken' | 'full' | Error {
    const parts = this.#parts
    const [first] = parts
    if (first === undefined) return 'taken'
    this.#parts = []
    try {
      return this.#sink.data(parts.length === 1 ? first : Buffer.concat(parts)) ? 'taken' : 'full'
    } catch (fault) {
      return fault as Error
    }
  }
}

function reasonOf(fault: Error): string {
  const { code } = fault as NodeJS.ErrnoException
  return code === undefined || fault.message.includes(code) ? fault.message : `${code}: ${fault.message}`
}
