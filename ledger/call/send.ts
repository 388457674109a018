import type { AnswerNote } from '../../contract/call.ts'
import { usdMicrosOf, ZERO_USD } from '../../contract/money.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Policy, Vendor } from '../../policy/policy.ts'
import { vendorPricing } from '../../policy/vendor-terms.ts'
import type { GrowingPlace } from '../../runtime/growing-room.ts'
import type { CallRow, SendOutcome } from '../../store/store.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import type { Secret } from '../effects.ts'
import type { Ledger } from '../ledger.ts'
import { concealing } from '../vendor-client/concealing-network.ts'
import { exchange } from '../vendor-client/exchange.ts'
import type { Keeping } from '../vendor-client/kept-answer.ts'
import { type BufferedAnswer, singleHeaders } from '../vendor-client/network.ts'
import { ourHeaders, withOurs } from './answer.ts'
import type { CallClient } from './call-request.ts'
import { headersForApp } from './headers.ts'
import { openRequest, type StoredRequest, sealAnswer } from './stored-request.ts'
import { exchangeOrStream, type StreamedAnswer, type StreamedExchange, type StreamWay } from './stream.ts'
import { vendorRequest } from './vendor-request.ts'
import { secretMissing, secretRefused } from './vendor-secret.ts'

/** A larger answer to a paid call is not waited for in memory. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** Of a model: thousands of embeddings come at once. */
const MAX_MODEL_ANSWER_BYTES = 64 * 1024 * 1024

const REFUSED_SECRET = 'the vendor refused our secret'

/** What one send came to, for the store (`outcome`) and for the app. */
export type SendVerdict =
  | { readonly kind: 'definite'; readonly outcome: SendOutcome; readonly answer: BufferedAnswer }
  | { readonly kind: 'not_sent'; readonly outcome: SendOutcome; readonly answer: BufferedAnswer | Refusal }
  /** The app has it already, but for its end. `isBroken`: it did not come to one. */
  | { readonly kind: 'streamed'; readonly outcome: SendOutcome; readonly isBroken: boolean }
  /** `in_progress`: the vendor is still at it. An `answer` is the vendor's 5xx. */
  | {
      readonly kind: 'unknown' | 'in_progress'
      readonly outcome: SendOutcome
      readonly answer: BufferedAnswer | null
    }

export interface Going {
  readonly row: CallRow
  readonly policy: Policy
  readonly vendor: Vendor
  /** For the answer, as long as it is held. */
  readonly place: GrowingPlace
  /** What the record's sealed request holds, where that is known without opening it. */
  readonly stored?: StoredRequest | undefined
  /** Our secret, where it was read just now. */
  readonly secret?: Secret | undefined
  /** Who waits for the answer, where it may be handed on while it comes. */
  readonly waiting?: Waiting
}

export interface Waiting {
  readonly client: CallClient
  /** Goes with the head of a stream. */
  readonly note: AnswerNote
  readonly forSidecar: boolean
}

/** Sends the stored request under the call's key, once, and says what that came to. */
export async function sendOnce(ledger: Ledger, going: Going): Promise<SendVerdict> {
  const { row, policy, vendor } = going
  if (row.sealedRequest === null) throw new Error(`${row.callId} is to be sent, but its request is not in the store`)
  const stored = going.stored ?? openRequest(ledger.sealer, row.sealedRequest)
  if (stored === undefined) return notSentAsDamaged(ledger, row)
  const secret = going.secret ?? ledger.secrets.read(vendor.secretRef)
  if (secret === undefined) return notSent(ledger, secretMissing(vendor), 'our secret cannot be read')
  let result = await sendWith(ledger, { ...going, stored, secret })
  if (isSecretRefused(result, going, stored)) {
    const renewed = ledger.secrets.read(vendor.secretRef)
    if (renewed === undefined || renewed.reveal() === secret.reveal())
      return notSent(ledger, secretRefused(ledger, vendor), REFUSED_SECRET)
    result = await sendWith(ledger, { ...going, stored, secret: renewed })
    if (isSecretRefused(result, going, stored)) return notSent(ledger, secretRefused(ledger, vendor), REFUSED_SECRET)
  }
  switch (result.kind) {
    case 'not_sent':
      return notSent(
        ledger,
        refusal(
          'vendor_unreachable',
          `Vendor \`${vendor.name}\` was not reached, so nothing was sent and nothing is reserved: ${result.reason}.`,
        ),
        result.reason,
      )
    case 'streamed':
      return judgeStream(ledger, stored, result)
    case 'lost':
      return { kind: 'unknown', outcome: { kind: 'unknown', reason: result.reason, isSaved: false }, answer: null }
    case 'answered':
      return judgeAnswer(ledger, { row, policy, vendor, stored }, result.answer)
  }
}

async function sendWith(
  ledger: Ledger,
  going: Going & { readonly stored: StoredRequest; readonly secret: Secret },
): Promise<StreamedExchange> {
  const { row, vendor, stored, secret, place } = going
  const { keyHeader, call } = stored
  const key = keyHeader === null || row.vendorKey === null ? null : { header: keyHeader, value: row.vendorKey }
  const isModel = row.repeat.kind === 'anew'
  const idleMs = isModel ? ledger.settings.modelDeadlineMs : ledger.settings.vendorDeadlineMs
  // A model's answer that a kept connection loses counts at its bound; a handshake for each call would cost every one.
  const mayRepeat = row.repeat.kind !== 'never'
  const startedMs = ledger.clock.monotonicMs()
  const request = vendorRequest({ vendor, secret, call, key, idleMs, mayRepeat })
  const network = concealing(ledger.network, secret)
  const keeping = { maxBytes: isModel ? MAX_MODEL_ANSWER_BYTES : MAX_ANSWER_BYTES, place }
  const way = streamWay(ledger, going, keeping)
  const result = await (way === undefined
    ? exchange(network, request, keeping)
    : exchangeOrStream(network, request, way))
  ledger.metrics.observe(
    'ledger_vendor_seconds',
    { vendor: vendor.name },
    (ledger.clock.monotonicMs() - startedMs) / 1000,
  )
  return result
}

/** Undefined where nobody waits, or the vendor's answers are never streams. */
function streamWay(
  ledger: Ledger,
  { vendor, stored, waiting }: Going & { readonly stored: StoredRequest },
  keeping: Keeping,
): StreamWay | undefined {
  const { reader } = costingOf(vendor.type)
  const { bound, asksForUsage = false } = stored
  if (waiting === undefined || reader === undefined || bound.kind !== 'priced') return undefined
  const { client, note, forSidecar } = waiting
  return {
    client,
    clock: ledger.clock,
    head(status, headers) {
      client.head(status, withOurs(headersForApp(headers), ourHeaders({ ...note, definite: true }, forSidecar)))
    },
    reader: () => reader(bound, asksForUsage),
    keeping,
  }
}

/** What does not say what it cost counts at its bound; what did not come to its end is not known. */
function judgeStream(ledger: Ledger, { bound }: StoredRequest, streamed: StreamedAnswer): SendVerdict {
  const { status, kept, price, brokenBy } = streamed
  if (brokenBy !== null) {
    return { kind: 'streamed', outcome: { kind: 'unknown', reason: brokenBy, isSaved: false }, isBroken: true }
  }
  const told = price === undefined ? undefined : usdMicrosOf(price)
  const most = bound.kind === 'priced' ? bound.totalUsdMicros : ZERO_USD
  const answer = {
    status,
    sealedAnswer: kept === null ? null : sealAnswer(ledger.sealer, kept),
    hasEffect: true,
    totalUsdMicros: told ?? most,
    object: null,
    givesBack: null,
    isUnexpectedReplay: false,
  }
  return { kind: 'streamed', outcome: { kind: 'definite', answer }, isBroken: false }
}

function judgeAnswer(
  ledger: Ledger,
  { row, policy, vendor, stored }: Pick<Going, 'row' | 'policy' | 'vendor'> & { readonly stored: StoredRequest },
  answer: BufferedAnswer,
): SendVerdict {
  const costing = costingOf(vendor.type)
  const pricing = vendorPricing(policy, vendor)
  const verdict = costing.verdict(answer, stored.call, pricing)
  switch (verdict) {
    case 'definite': {
      const headers = singleHeaders(answer)
      const actual = costing.actual({ call: stored.call, answer: { ...answer, headers }, bound: stored.bound })
      const { isVendorReplay, ...money } = actual
      const isUnexpectedReplay = isVendorReplay && row.sends <= 1
      const sealedAnswer = sealAnswer(ledger.sealer, answer)
      const definite = { ...money, status: answer.status, sealedAnswer, isUnexpectedReplay }
      return { kind: 'definite', outcome: { kind: 'definite', answer: definite }, answer }
    }
    case 'not_sent': {
      const reason = `the vendor answered ${answer.status}`
      const sealedAnswer = sealAnswer(ledger.sealer, answer)
      return {
        kind: 'not_sent',
        outcome: { kind: 'not_sent', notSent: { refusal: null, sealedAnswer, reason } },
        answer,
      }
    }
    case 'in_progress':
      return {
        kind: 'in_progress',
        outcome: { kind: 'unknown', reason: 'the vendor is still at it', isSaved: false },
        answer: null,
      }
    case 'credential_refused':
    case 'unknown':
      return { kind: 'unknown', outcome: failed(answer), answer }
  }
}

/** Of the failures only a 500 is kept under the key: docs.stripe.com/api/idempotent_requests, read 2026-11-25. */
function failed({ status }: BufferedAnswer): SendOutcome {
  return { kind: 'unknown', reason: `the vendor answered ${status}`, isSaved: status === 500 }
}

function isSecretRefused(result: StreamedExchange, { policy, vendor }: Going, { call }: StoredRequest): boolean {
  if (result.kind !== 'answered') return false
  return costingOf(vendor.type).verdict(result.answer, call, vendorPricing(policy, vendor)) === 'credential_refused'
}

/** What an earlier send came to stays unknown: only a person can find it at the vendor. */
function notSentAsDamaged(ledger: Ledger, { callId }: CallRow): SendVerdict {
  const reason = 'the kept request cannot be opened'
  ledger.log.error({ callId }, `${reason}: the store has damaged it, or another master key sealed it`)
  return notSent(ledger, refusal('ledger_not_ready', 'The request is damaged in the store. It was not sent.'), reason)
}

function notSent(ledger: Ledger, refused: Refusal, reason: string): SendVerdict {
  ledger.log.warn({ code: refused.code, reason }, 'a call did not reach its vendor')
  const outcome: SendOutcome = { kind: 'not_sent', notSent: { refusal: refused, sealedAnswer: null, reason } }
  return { kind: 'not_sent', outcome, answer: refused }
}
