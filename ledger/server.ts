import type { RequestListener } from 'node:http'
import { CLAIMS_HEADER } from '../contract/headers.ts'
import { refusal } from '../contract/refusals.ts'
import { RESERVED_SEGMENTS } from '../contract/routes.ts'
import type { WholeHandler } from '../runtime/whole-connection.ts'
import type { WholeHead } from '../runtime/whole-request.ts'
import { StoreFault } from '../store/store.ts'
import { vendorOfHost } from './call/address.ts'
import type { CallClient, CallRequest } from './call/call-request.ts'
import { answerCall } from './call/journey.ts'
import type { Ledger } from './ledger.ts'
import { OWN_ROUTES, type OwnAnswer, type OwnRoute, refused } from './own-routes.ts'
import { callRequest, wholeCallRequest } from './wire.ts'

/** One address for calls, Pods and operators. `operators` gets what is theirs. */
export function createListener(ledger: Ledger, operators: RequestListener): RequestListener {
  return (request, response) => {
    response.on('error', (fault) => ledger.log.debug({ err: fault }, 'a client broke off'))
    const { method = '', url = '', headers } = request
    const route = isCall(url, headers.host) ? 'call' : ownRouteOf(method, url)
    if (route === undefined) {
      operators(request, response)
      return
    }
    const asked = callRequest(request, response, ledger)
    const served = route === 'call' ? serveCall(ledger, asked) : serveOwn(ledger, asked, route)
    void served.finally(() => asked.leaveRoom())
  }
}

/**
 * For what comes whole, as sidecars send it: their calls, and what else they say on the same connections. Undefined: it is
 * better served by Node's server, with all that it knows of HTTP.
 */
export function createWholeListener(ledger: Ledger): (head: WholeHead) => WholeHandler | undefined {
  const call: WholeHandler = (request, reply) => void serveCall(ledger, wholeCallRequest(request, reply))
  return ({ method, target, headers }) => {
    if (isCall(target, headers['host'])) return headers[CLAIMS_HEADER] === undefined ? undefined : call
    const own = ownRouteOf(method, target)
    if (own === undefined) return undefined
    return (request, reply) => void serveOwn(ledger, wholeCallRequest(request, reply), own)
  }
}

/** A vendor's own host name frees all paths; else the first segment decides. */
function isCall(target: string, host: string | undefined): boolean {
  if (vendorOfHost(host) !== undefined) return true
  const [, first = ''] = pathOf(target).split('/', 2)
  return !(RESERVED_SEGMENTS as readonly string[]).includes(first)
}

function ownRouteOf(method: string, target: string): OwnRoute | undefined {
  return OWN_ROUTES[`${method} ${pathOf(target)}`]
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? ''
}

function serveCall(ledger: Ledger, request: CallRequest): Promise<void> {
  return answerCall(ledger, request).catch((fault) => answerFault(ledger, request.client, fault))
}

async function serveOwn(ledger: Ledger, request: CallRequest, route: OwnRoute): Promise<void> {
  try {
    write(request.client, await route(ledger, request))
  } catch (fault) {
    answerFault(ledger, request.client, fault)
  }
}

function write(client: CallClient, { status, headers, body }: OwnAnswer): void {
  const bytes = Buffer.from(body)
  client.head(status, { ...headers, 'content-length': String(bytes.length) })
  client.end(bytes)
}

/** The store refused before anything left; any other fault may lie after a send, so it promises nothing. */
function answerFault(ledger: Ledger, client: CallClient, fault: unknown): void {
  if (client.hasLeft) return
  const isStoreFault = fault instanceof StoreFault
  ledger.log.error({ err: fault }, isStoreFault ? 'the store did not do a step' : 'a request failed inside the ledger')
  ledger.metrics.count('ledger_alarms_total', { reason: isStoreFault ? 'store_fault' : 'fault' })
  if (client.isBegun) client.cut()
  else write(client, refused(ledger, refusal(isStoreFault ? 'store_unavailable' : 'outcome_pending')))
}
