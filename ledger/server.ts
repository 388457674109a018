import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { parseSeenReport } from '../contract/claims.schema.ts'
import { encodeNote } from '../contract/claims-header.ts'
import { NOTE_HEADER } from '../contract/headers.ts'
import { REFUSALS, type Refusal, refusal, refusalBody, refusalHeaders } from '../contract/refusals.ts'
import {
  EXCHANGE_ROUTE,
  HEALTH_ROUTE,
  METRICS_ROUTE,
  READY_ROUTE,
  RESERVED_SEGMENTS,
  SEEN_ROUTE,
} from '../contract/routes.ts'
import { parseExchangeRequest } from '../contract/workload.schema.ts'
import { StoreFault } from '../store/store.ts'
import { vendorOfHost } from './call/address.ts'
import { authenticate } from './call/authenticate.ts'
import { answerCall } from './call/journey.ts'
import { exchangeToken } from './identity/exchange.ts'
import type { Ledger } from './ledger.ts'
import { callRequest, readBody } from './wire.ts'

/** A seen report holds up to 10 000 facts of about 200 bytes. */
const MAX_SEEN_BYTES = 4 * 1024 * 1024
const MAX_EXCHANGE_BYTES = 4 * 1024

type Route = (ledger: Ledger, request: IncomingMessage, response: ServerResponse) => Promise<void>

const OWN_ROUTES: Readonly<Record<string, Route>> = {
  [`GET ${HEALTH_ROUTE}`]: async (_ledger, _request, response) => writeJson(response, 200, { alive: true }),
  [`GET ${READY_ROUTE}`]: readiness,
  [`GET ${METRICS_ROUTE}`]: metrics,
  [`POST ${EXCHANGE_ROUTE}`]: exchange,
  [`POST ${SEEN_ROUTE}`]: seen,
}

/** One address for calls, Pods and operators. `operators` gets what is theirs. */
export function createListener(ledger: Ledger, operators: RequestListener): RequestListener {
  return (request, response) => {
    response.on('error', (fault) => ledger.log.debug({ err: fault }, 'a client broke off'))
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (isCall(request, path)) {
      answerCall(ledger, callRequest(request, response)).catch((fault) => answerFault(ledger, response, fault))
      return
    }
    const own = OWN_ROUTES[`${request.method} ${path}`]
    if (own === undefined) operators(request, response)
    else own(ledger, request, response).catch((fault) => answerFault(ledger, response, fault))
  }
}

/** A vendor's own host name frees all paths; else the first segment decides. */
function isCall(request: IncomingMessage, path: string): boolean {
  if (vendorOfHost(request.headers.host) !== undefined) return true
  const [, first = ''] = path.split('/', 2)
  return !(RESERVED_SEGMENTS as readonly string[]).includes(first)
}

async function readiness(ledger: Ledger, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  const problem = ledger.store.problem()
  // A broken policy file is a warning: the policies that were good stay in use.
  const policyProblem = ledger.policies.problem()
  writeJson(response, problem === undefined ? 200 : 503, {
    ready: problem === undefined,
    ...(problem === undefined ? {} : { problem, problem_codes: ledger.care.problemCodes() }),
    ...(policyProblem === undefined ? {} : { policy_problem: policyProblem }),
    ...(ledger.waived.length === 0 ? {} : { waived: ledger.waived }),
  })
}

async function metrics(ledger: Ledger, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  ledger.metrics.set('ledger_sends_open', {}, ledger.sends.size)
  response.writeHead(200, { 'content-type': ledger.metrics.contentType }).end(await ledger.metrics.text())
}

async function exchange(ledger: Ledger, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = parseExchangeRequest(await readJson(request, MAX_EXCHANGE_BYTES))
  const answer =
    asked === undefined
      ? refusal(
          'request_malformed',
          'The body of an exchange is {"purpose": "issue" | "begin" | "renew", "walk": 32 hex digits or nothing}.',
        )
      : await exchangeToken(ledger, request.headers.authorization, asked)
  if ('code' in answer) {
    ledger.log.warn({ code: answer.code, reason: answer.message }, 'an exchange was refused')
    writeRefusal(ledger, response, answer)
    return
  }
  const { runUid, podUid, index, life } = answer
  ledger.log.info({ runUid, podUid, index, life, purpose: asked?.purpose }, 'pod credential issued')
  writeJson(response, 200, answer)
}

async function seen(ledger: Ledger, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const who = await authenticate(ledger, request.headers.authorization)
  if ('code' in who) return writeRefusal(ledger, response, who)
  const report = parseSeenReport(await readJson(request, MAX_SEEN_BYTES))
  if (report === undefined) return writeRefusal(ledger, response, refusal('request_malformed'))
  const { pod } = who.caller
  if (pod === null)
    return writeRefusal(ledger, response, refusal('credential_wrong_scope', 'Only Pods report what was read.'))
  const status = await ledger.store.recordSeen(pod, report.historyId, report.seen)
  const { historyId } = ledger.store
  if (status === 'new_history') {
    const note = { historyId, definite: false, replayed: false, control: status }
    response.setHeader(NOTE_HEADER, encodeNote(note))
  }
  writeJson(response, status === 'recorded' ? 200 : 409, { status, historyId })
}

async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const body = await readBody(request, limitBytes)
  if (body === 'too_large') return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function writeJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function writeRefusal(ledger: Ledger, response: ServerResponse, refused: Refusal): void {
  ledger.metrics.count('ledger_refusals_total', { code: refused.code })
  response.writeHead(REFUSALS[refused.code].status, refusalHeaders(refused)).end(refusalBody(refused))
}

/** The store refused before anything left; any other fault may lie after a send, so it promises nothing. */
function answerFault(ledger: Ledger, response: ServerResponse, fault: unknown): void {
  if (response.destroyed) return
  const isStoreFault = fault instanceof StoreFault
  ledger.log.error({ err: fault }, isStoreFault ? 'the store did not do a step' : 'a request failed inside the ledger')
  ledger.metrics.count('ledger_alarms_total', { reason: isStoreFault ? 'store_fault' : 'fault' })
  if (response.headersSent) response.destroy()
  else writeRefusal(ledger, response, refusal(isStoreFault ? 'store_unavailable' : 'outcome_pending'))
}
