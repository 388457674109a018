import {
  type AnswerSink,
  NotWanted,
  type SendResult,
  type VendorNetwork,
  type VendorRequest,
} from '../../../ledger/vendor-client/network.ts'
import type { Incarnation } from '../incarnation.ts'
import type { VendorCall, VendorReply, Vendors } from './vendor.ts'

/** The way from one ledger process to the vendors. A request that has left arrives also when its sender has died. */
export function vendorNetwork(ledger: Incarnation, vendors: Vendors): VendorNetwork {
  return {
    async send(request, sink) {
      const fault = ledger.stage.faults.vendor()
      const { scheduler } = ledger.stage
      if (fault?.how === 'refuse') {
        return ledger.effect('vendor.send', (): SendResult => ({ kind: 'not_sent', reason: 'connection refused' }))
      }
      const result = Promise.withResolvers<SendResult>()
      let isGivenUp = false
      await ledger.effect('vendor.send', () => {
        const call = callOf(request)
        ledger.stage.trace.say(
          ledger.name,
          `sends to ${call.vendor} ${call.method} ${call.target} ${call.body} key ${call.key ?? '-'} (${fault?.how ?? 'no fault'})`,
        )
        scheduler.after(ledger.stage.delayMs(ledger.chance), () => {
          vendors.handle(call, fault, (reply) => {
            ledger.wake(ledger.stage.delayMs(ledger.chance), () => {
              if (isGivenUp) return
              stopWaiting()
              result.resolve(passOn(ledger, reply, sink))
            })
          })
        })
        const stopWaiting = ledger.wake(request.idleMs, () => {
          isGivenUp = true
          result.resolve({ kind: 'lost', reason: 'no answer in time' })
        })
      })
      const sent = await result.promise
      ledger.stage.trace.say(ledger.name, `vendor: ${sent.kind}`)
      // A place to crash in: the answer is here and nobody knows it yet.
      return ledger.effect('vendor.answer', () => sent, 0)
    },
    close: () => Promise.resolve(),
  }
}

async function passOn(ledger: Incarnation, reply: VendorReply | null, sink: AnswerSink): Promise<SendResult> {
  if (reply === null) return RESET
  sink.head(reply.status, reply.headers)
  if (reply.parts !== undefined) return passOnParts(ledger, { parts: reply.parts, isCut: reply.isCut === true }, sink)
  sink.data(Buffer.from(reply.body))
  return { kind: 'answered' }
}

const RESET: SendResult = { kind: 'lost', reason: 'the connection was reset' }

/** A part of a stream takes its time, seldom long. */
async function passOnParts(
  ledger: Incarnation,
  { parts, isCut }: { readonly parts: readonly string[]; readonly isCut: boolean },
  sink: AnswerSink,
): Promise<SendResult> {
  try {
    for (const part of parts) {
      const pauseMs = ledger.chance.between(0.1, 60) * (ledger.chance.is(0.08) ? 40 : 1)
      await ledger.effect('vendor.part', () => sink.data(Buffer.from(part)), pauseMs)
      await sink.drained()
    }
  } catch (fault) {
    if (!(fault instanceof NotWanted)) throw fault
    return { kind: 'lost', reason: fault.message }
  }
  return isCut ? RESET : { kind: 'answered' }
}

function callOf({ origin, method, target, headers, body }: VendorRequest): VendorCall {
  const key = headers['idempotency-key'] ?? null
  const vendor = (['geo', 'model'] as const).find((name) => origin.includes(name)) ?? 'stripe'
  return { vendor, method, target, body: Buffer.from(body).toString('utf8'), key }
}
