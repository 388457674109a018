import type { RequestListener } from 'node:http'
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import { REFUSALS, type Refusal, refusal, refusalBody, refusalHeaders } from '../../contract/refusals.ts'
import { StoreFault } from '../../store/store.ts'
import { bearerOf } from '../identity/bearer.ts'
import type { Ledger } from '../ledger.ts'
import { type Access, accessOf } from './access.ts'
import { auditRoutes } from './audit.ts'
import { keyRoutes } from './keys.ts'
import type { Operators } from './operators.ts'
import { policyRoutes } from './policies.ts'
import { Refused } from './refused.ts'
import { runRoutes } from './runs.ts'

const MAX_BODY = '64kb'

/** What operators ask for. Calls never come this way. */
export function createOperatorApp(ledger: Ledger, operators: Operators): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.use(demandAccess(ledger, operators))
  // Read as text, whatever it calls itself: dollars must not pass through a float.
  app.use(express.text({ type: () => true, limit: MAX_BODY }))
  app.use(keyRoutes(ledger), runRoutes(ledger), auditRoutes(ledger), policyRoutes(ledger))
  app.use((request) => {
    throw nothingAt(request)
  })
  app.use(answerFault(ledger))
  return app
}

function demandAccess(ledger: Ledger, operators: Operators): RequestHandler {
  return async (request, _response, next) => {
    const given = bearerOf(request.headers.authorization)
    if (given === undefined) throw new Refused(refusal('operator_denied'))
    const { method, path, url } = request
    const query = new URL(url, 'http://ledger').searchParams
    const access = await accessOf(ledger.store, { method, path, query })
    const word = await operators.judge(given, access ?? { verb: 'get', resource: 'runs', namespace: null })
    if (word === 'unknown') throw new Refused(refusal('operator_denied'))
    if (word === 'denied') throw new Refused(refusal('operator_forbidden', forbidden(access)))
    // Express takes `/vault/KEYS` for `/vault/keys`: nothing goes on that was not judged as what it is.
    if (access === undefined) throw nothingAt(request)
    next()
  }
}

function nothingAt({ method, path }: Request): Refused {
  return new Refused(refusal('route_not_ours', `There is nothing at ${method} ${path}.`))
}

function forbidden(access: Access | undefined): string {
  if (access === undefined) return 'You may not use the operator routes.'
  const { verb, resource, namespace } = access
  return `You may not ${verb} ${resource} of jobcap.dev in ${namespace === null ? 'all namespaces' : `namespace ${namespace}`}.`
}

function answerFault(ledger: Ledger): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  // eslint-disable-next-line max-params
  return (fault: unknown, request, response, _next) => {
    const refused = refusalOf(fault, request.method)
    if (!(fault instanceof Refused)) ledger.log.error({ err: fault, route: request.path }, 'an operator route failed')
    if (response.headersSent) {
      response.destroy()
      return
    }
    ledger.metrics.count('ledger_refusals_total', { code: refused.code })
    response.status(REFUSALS[refused.code].status).set(refusalHeaders(refused)).send(refusalBody(refused))
  }
}

/** What a change came to is not known where its last word, or its line in the journal, was lost. */
const NOT_DONE = 'The store did not confirm this. It may have been done all the same: ask again.'
const NOT_READ = 'The store cannot be read now.'

function refusalOf(fault: unknown, method: string): Refusal {
  if (fault instanceof Refused) return fault.refusal
  if (fault instanceof StoreFault) return refusal('store_unavailable', method === 'GET' ? NOT_READ : NOT_DONE)
  const status = (fault as { status?: number }).status
  if (status === 413) return refusal('body_too_large', 'The body is larger than any that an operator route takes.')
  if (status !== undefined && status < 500)
    return refusal('request_malformed', 'The request cannot be read: send JSON as UTF-8 text.')
  return refusal('ledger_not_ready', 'The ledger failed at this request; see its log.')
}
