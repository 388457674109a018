import type { IncomingMessage, ServerResponse } from 'node:http'
import { REFUSALS, type Refusal, refusalBody, refusalBodyFor, refusalHeaders } from '../../contract/refusals.ts'
import type { Leaving } from '../leaving.ts'
import type { ConnectionWatch } from './evidence/connection-watch.ts'

/** One request of an app and its answer. */
export interface AppExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly watch: ConnectionWatch
  /** Aborted when the app has left before its answer was complete. */
  readonly gone: Leaving
}

/** The reason of `gone`. */
export class AppLeft extends Error {
  override readonly name = 'AppLeft'
}

/** Answers with a refusal of ours. What the app still sends of its body is read and dropped. */
export function refuse({ request, response }: AppExchange, refused: Refusal): void {
  if (response.headersSent || response.destroyed) return
  const body = refusalBodyFor(request.headers['user-agent'], refusalBody(refused))
  const closing = request.complete ? {} : { connection: 'close' }
  response.writeHead(REFUSALS[refused.code].status, {
    ...refusalHeaders(refused),
    ...closing,
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
  request.resume()
}
