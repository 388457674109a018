import { parseSeenReport } from '../contract/claims.schema.ts'
import { encodeNote } from '../contract/claims-header.ts'
import { NOTE_HEADER } from '../contract/headers.ts'
import { REFUSALS, type Refusal, refusal, refusalBody, refusalHeaders } from '../contract/refusals.ts'
import { EXCHANGE_ROUTE, HEALTH_ROUTE, METRICS_ROUTE, READY_ROUTE, SEEN_ROUTE } from '../contract/routes.ts'
import { parseExchangeRequest } from '../contract/workload.schema.ts'
import { authenticate } from './call/authenticate.ts'
import type { CallRequest } from './call/call-request.ts'
import { exchangeToken } from './identity/exchange.ts'
import type { Ledger } from './ledger.ts'

/** A seen report holds up to 10 000 facts of about 200 bytes. */
const MAX_SEEN_BYTES = 4 * 1024 * 1024
const MAX_EXCHANGE_BYTES = 4 * 1024

export interface OwnAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type OwnRoute = (ledger: Ledger, request: CallRequest) => Promise<OwnAnswer>

/** By method and path. */
export const OWN_ROUTES: Readonly<Record<string, OwnRoute>> = {
  [`GET ${HEALTH_ROUTE}`]: async () => json(200, { alive: true }),
  [`GET ${READY_ROUTE}`]: readiness,
  [`GET ${METRICS_ROUTE}`]: metrics,
  [`POST ${EXCHANGE_ROUTE}`]: exchange,
  [`POST ${SEEN_ROUTE}`]: seen,
}

async function readiness(ledger: Ledger): Promise<OwnAnswer> {
  const problem = ledger.store.problem()
  // A broken policy file is a warning: the policies that were good stay in use.
  const policyProblem = ledger.policies.problem()
  return json(problem === undefined ? 200 : 503, {
    ready: problem === undefined,
    ...(problem === undefined ? {} : { problem, problem_codes: ledger.care.problemCodes() }),
    ...(policyProblem === undefined ? {} : { policy_problem: policyProblem }),
    ...(ledger.waived.length === 0 ? {} : { waived: ledger.waived }),
  })
}

async function metrics(ledger: Ledger): Promise<OwnAnswer> {
  ledger.metrics.set('ledger_sends_open', {}, ledger.sends.size)
  return {
    status: 200,
    headers: { 'content-type': ledger.metrics.contentType },
    body: await ledger.metrics.text(),
  }
}

async function exchange(ledger: Ledger, request: CallRequest): Promise<OwnAnswer> {
  const asked = parseExchangeRequest(await readJson(request, MAX_EXCHANGE_BYTES))
  const answer =
    asked === undefined
      ? refusal(
          'request_malformed',
          'The body of an exchange is {"purpose": "issue" | "begin" | "renew", "walk": 32 hex digits or nothing, "life": a number from 1 or nothing}.',
        )
      : await exchangeToken(ledger, request.headers['authorization'], asked)
  if ('code' in answer) {
    ledger.log.warn({ code: answer.code, reason: answer.message }, 'an exchange was refused')
    return refused(ledger, answer)
  }
  const { runUid, podUid, index, life } = answer
  ledger.log.info({ runUid, podUid, index, life, purpose: asked?.purpose }, 'pod credential issued')
  return json(200, answer)
}

async function seen(ledger: Ledger, request: CallRequest): Promise<OwnAnswer> {
  const who = await authenticate(ledger, request.headers['authorization'])
  if ('code' in who) return refused(ledger, who)
  const report = parseSeenReport(await readJson(request, MAX_SEEN_BYTES))
  if (report === undefined)
    return refused(ledger, refusal('request_malformed', 'The body is not a report of what was read.'))
  const { pod } = who.caller
  if (pod === null) return refused(ledger, refusal('credential_wrong_scope', 'Only Pods report what was read.'))
  const status = await ledger.store.recordSeen(pod, report.historyId, report.seen)
  const { historyId } = ledger.store
  const answer = json(status === 'recorded' ? 200 : 409, { status, historyId })
  if (status !== 'new_history') return answer
  const note = encodeNote({ historyId, definite: false, replayed: false, control: status })
  return { ...answer, headers: { ...answer.headers, [NOTE_HEADER]: note } }
}

async function readJson(request: CallRequest, limitBytes: number): Promise<unknown> {
  const body = await request.readBody(limitBytes)
  if (!Buffer.isBuffer(body)) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function json(status: number, body: object): OwnAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export function refused(ledger: Ledger, given: Refusal): OwnAnswer {
  ledger.metrics.count('ledger_refusals_total', { code: given.code })
  return { status: REFUSALS[given.code].status, headers: refusalHeaders(given), body: refusalBody(given) }
}
