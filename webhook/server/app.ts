import type { RequestListener } from 'node:http'
import express, { type ErrorRequestHandler, type Response } from 'express'
import { METRICS_ROUTE, READY_ROUTE } from '../../contract/routes.ts'
import type { Log } from '../../runtime/log.ts'
import type { WholeConnectionOptions } from '../../runtime/whole-connection.ts'
import type { WholeReply } from '../../runtime/whole-reply.ts'
import { type ReviewDoors, reviewer, type Say } from './answer.ts'

/** Where the API server sends its reviews. */
export const ADMIT_ROUTE = '/admit'
/** The API server takes objects of up to 3 MiB from clients; a review of an UPDATE carries two. */
const MAX_REVIEW = '10mb'
const JSON_TEXT = 'application/json; charset=utf-8'

/** The two ways in. What comes by the one is answered as what comes by the other. */
export interface AdmissionApp {
  /** Reviews, readiness, metrics. */
  readonly handler: RequestListener
  /** Reviews that come whole, as nearly all do: Express and what is under it take longer than the plan of a Job. */
  readonly whole: WholeConnectionOptions['handlerOf']
}

/** The admission server. */
export function createAdmissionApp(doors: ReviewDoors): AdmissionApp {
  const answer = reviewer(doors)
  return {
    handler: expressApp(doors, answer),
    whole({ method, target, headers }) {
      // The API server says in the query how long it waits.
      const [path] = target.split('?', 1)
      if (method !== 'POST' || path !== ADMIT_ROUTE || headers['content-encoding'] !== undefined) return undefined
      return ({ body }, reply) => void answer(body, sayWhole(reply))
    },
  }
}

function sayWhole(reply: WholeReply): Say {
  return (status, text) => {
    const body = Buffer.from(text)
    reply.head(status, { 'content-type': JSON_TEXT, 'content-length': body.length })
    reply.end(body)
  }
}

function expressApp({ metrics, log }: ReviewDoors, answer: ReturnType<typeof reviewer>): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get(READY_ROUTE, (_request, response) => {
    response.json({ ready: true })
  })
  app.get(METRICS_ROUTE, async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text())
  })
  app.post(ADMIT_ROUTE, express.raw({ limit: MAX_REVIEW, type: () => true }), async (request, response: Response) => {
    const body: unknown = request.body
    await answer(Buffer.isBuffer(body) ? body : Buffer.alloc(0), (status, text) => {
      response.status(status).type(JSON_TEXT).send(text)
    })
  })
  app.use(answerFault(log))
  return app
}

function answerFault(log: Log): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  // eslint-disable-next-line max-params
  return (fault: unknown, _request, response, _next) => {
    const status = (fault as { status?: number }).status ?? 500
    if (status >= 500) log.error({ err: fault }, 'a review failed')
    // Not 200: the API server then follows the failurePolicy of the webhook.
    response.status(status).json({ message: fault instanceof Error ? fault.message : String(fault) })
  }
}
