import type { AnswerSink, SendResult, VendorNetwork, VendorRequest } from '../../../ledger/vendor-client/network.ts'
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
      await ledger.effect('vendor.send', () => {
        const call = callOf(request)
        ledger.stage.trace.say(
          ledger.name,
          `sends to ${call.vendor} ${call.body} key ${call.key ?? '-'} (${fault?.how ?? 'no fault'})`,
        )
        scheduler.after(ledger.stage.delayMs(ledger.chance), () => {
          vendors.handle(call, fault, (reply) => {
            ledger.wake(ledger.stage.delayMs(ledger.chance), () => result.resolve(passOn(reply, sink)))
          })
        })
        ledger.wake(request.idleMs, () => result.resolve({ kind: 'lost', reason: 'no answer in time' }))
      })
      const sent = await result.promise
      ledger.stage.trace.say(ledger.name, `vendor: ${sent.kind}`)
      // A place to crash in: the answer is here and nobody knows it yet.
      return ledger.effect('vendor.answer', () => sent, 0)
    },
    close: () => Promise.resolve(),
  }
}

function passOn(reply: VendorReply | null, sink: AnswerSink): SendResult {
  if (reply === null) return { kind: 'lost', reason: 'the connection was reset' }
  sink.head(reply.status, reply.headers)
  sink.data(Buffer.from(reply.body))
  return { kind: 'answered' }
}

function callOf({ origin, headers, body }: VendorRequest): VendorCall {
  const key = headers['idempotency-key'] ?? null
  const vendor = (['geo', 'model'] as const).find((name) => origin.includes(name)) ?? 'stripe'
  return { vendor, body: Buffer.from(body).toString('utf8'), key }
}
