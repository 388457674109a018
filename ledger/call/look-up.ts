import { asNonce } from '../../contract/ids.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { Vendor } from '../../policy/policy.ts'
import type { CallRow, FoundAnswer, HandTo } from '../../store/store.ts'
import type { Found, LookUp } from '../../vendors/costing.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import type { Ledger } from '../ledger.ts'
import { concealing } from '../vendor-client/concealing-network.ts'
import { ask } from '../vendor-client/exchange.ts'
import { singleHeaders } from '../vendor-client/network.ts'
import { openRequest, type StoredRequest, sealAnswer } from './stored-request.ts'
import { vendorRequest } from './vendor-request.ts'

/** An app may be waiting, whose call was waited for already. */
const PAGE_DEADLINE_MS = 5_000
const MAX_PAGE_BYTES = 4 * 1024 * 1024
/** A list that is longer is not known to its end, so nothing in it is known to be the only one. */
const MOST_PAGES = 10
/**
 * After that it is for a person. Well within the 72 h for which records of ended runs are kept: an object whose record
 * is gone would look like nobody's.
 */
const LOOK_UP_FOR_MS = 48 * 60 * 60 * 1_000

/** A call in doubt, and where it was sent. */
export interface Doubtful {
  readonly row: CallRow
  readonly vendor: Vendor
  /** To whom the answer goes when it is found. */
  readonly handTo: HandTo | null
}

/** `not_found`: nothing that is surely this call's. `not_possible`: the vendor cannot be asked, or not now. */
export type LookedUp = CallRow | 'not_found' | 'not_possible'

/**
 * Looks at the vendor for the effect of a call that must not be sent again, and settles the call by it. Without one it
 * stays in doubt, since what is not found proves nothing (M5).
 */
export async function lookUp(ledger: Ledger, { row, vendor, handTo }: Doubtful): Promise<LookedUp> {
  const { firstSentAtMs, sealedRequest } = row
  if (row.repeat.kind !== 'never' || firstSentAtMs === null || sealedRequest === null) return 'not_possible'
  if (ledger.clock.nowMs() - firstSentAtMs > LOOK_UP_FOR_MS) return 'not_possible'
  const stored = openRequest(ledger.sealer, sealedRequest)
  if (stored === undefined) return 'not_possible'
  const how = costingOf(vendor.type).lookUp?.(stored.call, firstSentAtMs) ?? null
  const found = how === null ? undefined : await readAll(ledger, { how, vendor, call: stored.call })
  if (found === undefined) return 'not_possible'
  if (found.length === 0) return 'not_found'
  const candidates = found.map((one) => answerOf(ledger, one, { stored, vendor }))
  const ref = { callId: row.callId, epoch: row.epoch, gen: row.gen, nonce: asNonce(ledger.random.hex(8)) }
  const reported = await ledger.reports.give({ ...ref, outcome: { kind: 'found', candidates }, handTo })
  const isFound = reported?.call.state === 'settled'
  ledger.log.info({ callId: row.callId, candidates: found.length, isFound }, 'a call in doubt was looked up')
  return isFound ? reported.call : 'not_found'
}

interface Reading {
  readonly how: LookUp
  readonly vendor: Vendor
  readonly call: CallText
}

/** Undefined when a page could not be had: of a part of a list nothing is known to be the only one. */
async function readAll(ledger: Ledger, { how, vendor, call }: Reading): Promise<readonly Found[] | undefined> {
  const found: Found[] = []
  let target: LookUp['first'] | null = how.first
  for (let page = 0; target !== null; page += 1) {
    const secret = page < MOST_PAGES ? ledger.secrets.read(vendor.secretRef) : undefined
    if (secret === undefined) return undefined
    const { 'content-type': _, ...headers } = call.headers
    const read = { method: 'GET', ...target, headers, body: new Uint8Array() }
    const idleMs = Math.min(ledger.settings.vendorDeadlineMs, PAGE_DEADLINE_MS)
    const request = vendorRequest({ vendor, secret, call: read, key: null, idleMs, mayRepeat: true })
    const result = await ask(concealing(ledger.network, secret), request, {
      maxBytes: MAX_PAGE_BYTES,
      room: ledger.answers,
    })
    if (result.kind !== 'answered' || result.answer.status !== 200) return undefined
    const headersOfPage = singleHeaders(result.answer)
    const judged = how.judge({ ...result.answer, headers: headersOfPage }, ledger.clock.nowMs())
    if (judged === null) return undefined
    found.push(...judged.found)
    target = judged.next
  }
  return found
}

function answerOf(
  ledger: Ledger,
  { object, answer }: Found,
  { stored, vendor }: { readonly stored: StoredRequest; readonly vendor: Vendor },
): FoundAnswer {
  const settling = { call: stored.call, answer, bound: stored.bound }
  const { isVendorReplay: _, ...money } = costingOf(vendor.type).actual(settling)
  const body = Buffer.from(answer.body)
  const sealedAnswer = sealAnswer(ledger.sealer, { status: answer.status, headers: answer.headers, body })
  return { ...money, object, status: answer.status, sealedAnswer, isUnexpectedReplay: false }
}
