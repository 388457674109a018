import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PassingMap } from './passing-map.ts'
import { systemTimers } from './timers.ts'
import { WholeConnection, type WholeConnectionOptions } from './whole-connection.ts'

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void

/** Sees to it that no connection stays open, idle, after an answer that it gets once the server is about to go. */
export class Drainer {
  readonly handler: RequestHandler
  readonly #open = new PassingMap<number, ServerResponse>()
  #lastId = 0
  readonly #connections = new Set<Socket>()
  readonly #whole = new Set<WholeConnection>()
  readonly #empty = Promise.withResolvers<void>()
  readonly #stalledMs: number
  /** What a connection had received and sent when it was last looked at. */
  readonly #movedBytes = new WeakMap<Socket, number>()
  #isLeaving = false

  constructor(handler: RequestHandler, stalledMs: number) {
    this.#stalledMs = stalledMs
    this.handler = (request, response) => {
      this.#lastId += 1
      const id = this.#lastId
      this.#open.set(id, response)
      response.once('close', () => this.#open.take(id))
      if (this.#isLeaving) closeAfter(response)
      handler(request, response)
    }
  }

  hold(socket: Socket): void {
    this.#connections.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      if (this.#isLeaving && this.#connections.size === 0) this.#empty.resolve()
    })
  }

  read(socket: Socket, options: Omit<WholeConnectionOptions, 'isLeaving'>): void {
    const handOver = (handed: Socket) => {
      this.#whole.delete(connection)
      options.handOver(handed)
    }
    const connection = new WholeConnection(socket, { ...options, handOver, isLeaving: () => this.#isLeaving })
    this.#whole.add(connection)
    socket.once('close', () => this.#whole.delete(connection))
  }

  retire(): Promise<void> {
    this.#leave()
    return this.#connections.size === 0 ? Promise.resolve() : this.#empty.promise
  }

  drain(server: Server): Promise<void> {
    this.#leave()
    const stopLooking = systemTimers.every(this.#stalledMs, () => this.#cutStalled())
    return new Promise((resolve) => {
      server.close(() => {
        stopLooking()
        resolve()
      })
      server.closeIdleConnections()
      for (const connection of this.#whole) connection.closeIdle()
    })
  }

  /** Cuts off whoever has stopped in the midst of a request, or of taking an answer; who waits for us is let wait. */
  #cutStalled(): void {
    const answering = [...this.#open.values()].filter(({ writableEnded, req }) => !writableEnded && req.complete)
    const busy = new Set(answering.map(({ socket }) => socket))
    for (const connection of this.#whole) if (connection.isAnswering) busy.add(connection.socket)
    for (const socket of this.#connections) {
      if (busy.has(socket)) continue
      const movedBytes = socket.bytesRead + socket.bytesWritten - socket.writableLength
      if (this.#movedBytes.get(socket) === movedBytes) socket.destroy()
      else this.#movedBytes.set(socket, movedBytes)
    }
  }

  #leave(): void {
    this.#isLeaving = true
    for (const response of this.#open.values()) closeAfter(response)
  }
}

function closeAfter(response: ServerResponse): void {
  const { socket } = response
  if (response.headersSent) response.once('finish', () => socket?.end())
  else response.shouldKeepAlive = false
}
