import { BASE_HEADER } from '../../contract/headers.ts'
import { asNonce } from '../../contract/ids.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { capLevels } from '../../policy/caps.ts'
import { judgeRequest } from '../../policy/terms.ts'
import { SMALL_BYTES } from '../../runtime/growing-room.ts'
import type { NumberRequest } from '../../store/store.ts'
import type { Ledger } from '../ledger.ts'
import { type Addressed, address } from './address.ts'
import { type Answer, refusalAnswer, vendorAnswer, writeAnswer } from './answer.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import type { CallRequest } from './call-request.ts'
import { callNumbered } from './numbered.ts'
import { type PricedCall, priceCall, refuseSold, textForVendor } from './price.ts'
import { relayRead } from './read.ts'
import { type Recognised, recognise } from './recognise.ts'
import { readText } from './request-text.ts'
import { LEASE_MS } from './sends.ts'
import { sealRequest } from './stored-request.ts'
import { secretMissing } from './vendor-secret.ts'

const TAKEN_WITHIN_MS = 10_000

/** One call of an app, from the first byte to the last. A fault of the store or of ours is thrown before anything is written. */
export async function answerCall(ledger: Ledger, request: CallRequest): Promise<void> {
  const { client, headers } = request
  const who = await authenticate(ledger, headers['authorization'])
  if ('code' in who) return refuse(ledger, request, { refused: who, forSidecar: true })

  const sinceMs = ledger.clock.monotonicMs()
  let text: CallText | undefined
  // Again after each wait for an identical call, which can take minutes: what counts is the policy in force then.
  while (!client.hasLeft) {
    const addressed = address(ledger, who, request)
    if ('code' in addressed) return refuseKnown(ledger, request, { who, refused: addressed })
    const call = text ?? (await readText(request, addressed))
    if ('code' in call) return refuseKnown(ledger, request, { who, addressed, refused: call })
    text = call
    const recognised = recognise(who, addressed, call)
    if ('code' in recognised) return refuseKnown(ledger, request, { who, addressed, refused: recognised })
    const known = { who, addressed, recognised }

    const endpoint = judgeRequest(who, addressed.vendor, call)
    const forward = textForVendor(call, addressed)
    if ('code' in forward) return refuseKnown(ledger, request, { ...known, refused: forward })
    if (recognised.identity.kind === 'read') {
      const sold = refuseSold(forward.text, addressed)
      if (sold !== null) return refuseKnown(ledger, request, { ...known, refused: sold })
      return answerRead(ledger, request, { ...known, text: forward.text, endpoint })
    }

    const priced = await priceCall(ledger, recognised.caller, {
      ...{ addressed, call: forward.text, asksForUsage: forward.asksForUsage, endpoint },
    })
    if ('code' in priced) return refuseKnown(ledger, request, { ...known, refused: priced })
    if ('objectAnswer' in priced) {
      // No note: nothing was numbered, so the sidecar must not take its seen facts for recorded.
      return writeAnswer(request, vendorAnswer(priced.objectAnswer, plainNote(ledger)), false)
    }
    const secret = ledger.secrets.read(addressed.vendor.secretRef)
    if (secret === undefined)
      return refuseKnown(ledger, request, { ...known, refused: secretMissing(addressed.vendor) })
    const numbering = numberRequest(ledger, { ...known, priced })
    const { stored } = priced
    const place = ledger.answers.open()
    try {
      const answer = await callNumbered(ledger, {
        ...{ request: numbering, stored, secret, addressed, client, sinceMs, place },
      })
      if (answer === undefined) return
      if (answer !== 'judge_again') return await handOn(ledger, request, { answer, forSidecar: isPod(recognised) })
    } finally {
      place.empty()
    }
  }
}

/** A large answer is in memory until it was taken. Whoever takes it slowly keeps no others waiting for the room. */
async function handOn(
  ledger: Ledger,
  request: CallRequest,
  { answer, forSidecar }: { readonly answer: Answer; readonly forSidecar: boolean },
): Promise<void> {
  writeAnswer(request, answer, forSidecar)
  if (answer.body.length <= SMALL_BYTES) return
  const { promise: isLate, resolve } = Promise.withResolvers<void>()
  const stopWaiting = ledger.timers.after(TAKEN_WITHIN_MS, resolve)
  await Promise.race([request.client.flushed(), isLate])
  stopWaiting()
}

async function answerRead(
  ledger: Ledger,
  request: CallRequest,
  read: Known & { readonly text: CallText; readonly endpoint: Refusal | null },
): Promise<void> {
  const { addressed, recognised, text: call, endpoint } = read
  const { client, headers } = request
  const base = recognised.caller.pod === null ? undefined : headers[BASE_HEADER]
  const refused = await relayRead(ledger, { addressed, recognised, call, endpoint, client, base })
  if (refused !== undefined) refuse(ledger, request, { refused, forSidecar: isPod(recognised) })
}

interface Known {
  readonly who: Authenticated
  readonly addressed: Addressed
  readonly recognised: Recognised
}

function numberRequest(ledger: Ledger, asked: Known & { readonly priced: PricedCall }): NumberRequest {
  const { addressed, recognised, priced } = asked
  const { policy, vendor } = addressed
  const { caller, identity, claims } = recognised
  const { divergingReplay, ambiguousRepeat } = policy
  return {
    caller,
    claims: claims === null || claims.ord === null ? null : { ...claims, ord: claims.ord },
    vendor: vendor.name,
    identity,
    policy: { divergingReplay, ambiguousRepeat },
    endpoint: priced.refusedAnew,
    price: priced.price,
    limits: capLevels(policy, vendor, {
      namespace: caller.pod?.namespace ?? null,
      moneyClass: priced.price.moneyClass,
    }),
    policyName: policy.name,
    repeat:
      priced.repeat.kind === 'idempotent'
        ? { kind: 'idempotent', windowMs: priced.repeat.windowMs }
        : { kind: priced.repeat.kind },
    send: { nonce: asNonce(ledger.random.hex(8)), leaseMs: LEASE_MS },
    sealedRequest: sealRequest(ledger.sealer, priced.stored),
  }
}

/** A refusal of a caller that we know goes into the record. */
async function refuseKnown(
  ledger: Ledger,
  request: CallRequest,
  known: Pick<Known, 'who'> & Partial<Known> & { readonly refused: Refusal },
): Promise<void> {
  const { who, addressed, recognised, refused } = known
  const identity = recognised?.identity
  const route = identity?.route ?? `${request.method} ${addressed?.path ?? request.target.split('?', 1)[0]}`
  const call = { vendor: addressed?.vendor.name ?? '', route, digest: identity?.digest ?? null, refusal: refused }
  await ledger.store.recordRefusal(recognised?.caller ?? who.caller, call).catch((fault) => {
    ledger.log.error({ err: fault, code: refused.code }, 'a refusal was not recorded')
  })
  refuse(ledger, request, { refused, forSidecar: who.caller.pod !== null })
}

function refuse(
  ledger: Ledger,
  request: CallRequest,
  { refused, forSidecar }: { readonly refused: Refusal; readonly forSidecar: boolean },
): void {
  ledger.metrics.count('ledger_refusals_total', { code: refused.code })
  writeAnswer(request, refusalAnswer(refused, plainNote(ledger)), forSidecar)
}

function plainNote(ledger: Ledger): Answer['note'] {
  return { historyId: ledger.store.historyId, definite: false, replayed: false }
}

const isPod = (recognised: Recognised) => recognised.caller.pod !== null
