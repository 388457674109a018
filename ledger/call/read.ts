import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { vendorPricing } from '../../policy/vendor-terms.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import type { Secret } from '../effects.ts'
import type { Ledger } from '../ledger.ts'
import { concealing } from '../vendor-client/concealing-network.ts'
import { type AnswerHeaders, NotWanted, type SendResult } from '../vendor-client/network.ts'
import { turningPages } from '../vendor-client/page-turning-network.ts'
import type { Addressed } from './address.ts'
import { ourHeaders, withOurs } from './answer.ts'
import type { CallClient } from './call-request.ts'
import { headersForApp } from './headers.ts'
import type { Recognised } from './recognise.ts'
import { vendorRequest } from './vendor-request.ts'
import { secretMissing, secretRefused } from './vendor-secret.ts'

/** A read that is allowed: recorded, then relayed as it comes. */
export interface Read {
  readonly addressed: Addressed
  readonly recognised: Recognised
  /** As the vendor gets it. */
  readonly call: CallText
  readonly endpoint: Refusal | null
  readonly client: CallClient
  /** Where the app calls the vendor. */
  readonly base: string | undefined
}

/** A refusal when nothing was written to the client yet; undefined when it has its answer, or a cut one. */
export async function relayRead(ledger: Ledger, read: Read): Promise<Refusal | undefined> {
  const { addressed, recognised } = read
  const { vendor } = addressed
  const { caller, identity } = recognised
  const admitted = await ledger.store.admitRead({ caller, vendor: vendor.name, identity, endpoint: read.endpoint })
  if (typeof admitted !== 'string') return admitted
  const secret = ledger.secrets.read(vendor.secretRef)
  if (secret === undefined) return secretMissing(vendor)
  let relayed = await relay(ledger, { ...read, secret }, admitted)
  if (relayed.kind === 'secret_refused') {
    const renewed = ledger.secrets.read(vendor.secretRef)
    if (renewed !== undefined && renewed.reveal() !== secret.reveal()) {
      relayed = await relay(ledger, { ...read, secret: renewed }, admitted)
    }
  }
  await ledger.store.closeRead(admitted, relayed.status).catch((fault) => {
    ledger.log.error({ err: fault, callId: admitted }, 'the end of a read was not recorded')
  })
  ledger.metrics.count('ledger_calls_total', { vendor: vendor.name, end: 'read' })
  switch (relayed.kind) {
    case 'relayed':
      read.client.end()
      return undefined
    case 'cut':
      read.client.cut()
      return undefined
    case 'unanswered':
      return refusal('vendor_unreachable', `Vendor \`${vendor.name}\` did not answer the read: ${relayed.reason}.`)
    case 'secret_refused':
      return secretRefused(ledger, vendor)
  }
}

type Relayed =
  | { readonly kind: 'relayed' | 'cut' | 'secret_refused'; readonly status: number }
  | { readonly kind: 'unanswered'; readonly status: null; readonly reason: string }

async function relay(ledger: Ledger, read: Read & { readonly secret: Secret }, callId: string): Promise<Relayed> {
  const { addressed, call, client, recognised, secret } = read
  const { vendor, policy } = addressed
  const pricing = vendorPricing(policy, vendor)
  const forSidecar = recognised.caller.pod !== null
  const answer: { status: number | null; isSecretRefused: boolean } = { status: null, isSecretRefused: false }
  const idleMs = ledger.settings.vendorDeadlineMs
  const request = vendorRequest({ vendor, secret, call, key: null, idleMs, mayRepeat: true })
  const hasAddresses = costingOf(vendor.type).hasPageAddresses?.(call) === true
  const network = concealing(hasAddresses ? turningPages(ledger.network, read.base) : ledger.network, secret)
  const result: SendResult = await network.send(request, {
    head(status: number, headers: AnswerHeaders) {
      answer.status = status
      answer.isSecretRefused = costingOf(vendor.type).verdict({ status }, call, pricing) === 'credential_refused'
      if (answer.isSecretRefused) return
      const note = { historyId: ledger.store.historyId, callId, definite: status < 500, replayed: false }
      client.head(status, withOurs(headersForApp(headers), ourHeaders(note, forSidecar)))
    },
    data(chunk) {
      if (client.hasLeft) throw new NotWanted('whoever asked has left')
      return answer.isSecretRefused || client.write(chunk)
    },
    drained: () => client.drained(),
  })
  const { status, isSecretRefused } = answer
  if (status === null) {
    return { kind: 'unanswered', status, reason: result.kind === 'answered' ? 'no answer' : result.reason }
  }
  if (isSecretRefused) return { kind: 'secret_refused', status }
  return { kind: result.kind === 'answered' ? 'relayed' : 'cut', status }
}
