import type { CallText } from '../../contract/vendor.ts'
import type { Policy, Vendor } from '../../policy/policy.ts'
import { parsePolicies } from '../../policy/policy-file.ts'
import { sidecarTerms, vendorPricing } from '../../policy/vendor-terms.ts'
import { costingOf } from '../../vendors/registry/cost.ts'
import { recogniserOf } from '../../vendors/registry/identity.ts'
import { startRelay } from '../subjects/relay.ts'
import { CHARGE, type Ground } from '../subjects/subject.ts'
import { measureRun } from './rounds.ts'

const KIB = 1024
/** Compilers have done their work by then. */
const WARM_UP_CALLS = 20_000
/** Of bodies of 64 KiB: enough that one collection more or less does not show. */
const LARGE_CALLS = 400
/** Calls that are there at once, as in a busy process: thousands would be the collector's work, not the calls'. */
const AT_ONCE = 50
/** A form and a JSON document: every vendor's bodies are one of them. */
const POLICY = `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  caps: {perRunUsd: {default: "1.00"}}
  vendors:
  - {name: stripe, type: stripe, secretRef: {name: a, key: b}, allowedEndpoints: ["POST /v1/payment_intents"]}
  - name: geocode
    type: generic
    baseUrl: http://127.0.0.1:9
    secretRef: {name: a, key: b}
    auth: {header: X-Api-Key}
    idempotency: never
    routes: [{match: "POST /v1/lookup", usd: "0.01", core: [/address]}]
    allowedEndpoints: ["POST /v1/lookup"]
`

interface Kind {
  readonly vendor: string
  call(about: { readonly bytes: number; readonly count: number; readonly isMany: boolean }): CallText
}

/** With a long text, as most bodies are; `isMany`: of short fields instead, since what a body costs to read is in its fields. */
const KINDS: readonly Kind[] = [
  {
    vendor: 'stripe',
    call: ({ bytes, count, isMany }) => ({
      ...{ method: 'POST', path: CHARGE.path, query: '' },
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'bench' },
      body: isMany
        ? filled(bytes, CHARGE.body.replace('@', String(count)), (at) => `&metadata[field_${at}]=some+value`)
        : filled(bytes, `${CHARGE.body.replace('@', String(count))}&metadata[order]=1&description=`, () => 'text'),
    }),
  },
  {
    vendor: 'geocode',
    call: ({ bytes, count, isMany }) => ({
      ...{ method: 'POST', path: '/v1/lookup', query: '' },
      headers: { 'content-type': 'application/json', 'user-agent': 'bench' },
      body: isMany
        ? filled(bytes, `{"address":"street ${count}"`, (at) => `,"field_${at}":"some value"`)
        : filled(bytes, `{"address":"street ${count}","limit":1,"tags":["a","b"],"note":"`, () => 'text'),
    }),
  },
]

export interface RecogniseFigures {
  /** CPU of recognising a call and pricing it, the dearest vendor's, over a bare undici relay's for the same body of 1 KiB. */
  readonly overRelay: number
  /** CPU a byte at 64 KiB over CPU a byte at 1 KiB: above 1 it grows faster than the body. */
  readonly growth: number
  readonly relayUs: number
  readonly recogniseUs: number
}

export async function measureRecognising(ground: Ground, seconds: number): Promise<RecogniseFigures> {
  const { shape, ...bare } = await startRelay(ground, 'relay')
  const relay = { ...bare, shape: { ...shape, padding: KIB - shape.body.length } }
  await measureRun(relay, 20, seconds)
  const relayUs = (await measureRun(relay, 20, seconds)).cpuUs['relay'] ?? Number.NaN
  const figures = KINDS.map((kind) => {
    const cost = (bytes: number, times: number, isMany: boolean) => costUs(kind, { bytes, times, isMany })
    cost(KIB, WARM_UP_CALLS, false)
    cost(KIB, WARM_UP_CALLS, true)
    cost(64 * KIB, LARGE_CALLS, true)
    const [typical, small, large] = [cost(KIB, 4_000, false), cost(KIB, 4_000, true), cost(64 * KIB, LARGE_CALLS, true)]
    return { typical, growth: large / 64 / small }
  })
  const recogniseUs = Math.max(...figures.map(({ typical }) => typical))
  const growth = Math.max(...figures.map((figure) => figure.growth))
  for (const part of Object.values(relay.parts)) ground.processes.end(part)
  return { overRelay: recogniseUs / relayUs, growth, relayUs, recogniseUs }
}

/** What sidecar and ledger do with the bytes of one call before they send it and ask the store. `times`: of whole `AT_ONCE`s. */
function costUs(
  { vendor: name, call }: Kind,
  { bytes, times, isMany }: { readonly bytes: number; readonly times: number; readonly isMany: boolean },
): number {
  const { policy, vendor } = ofPolicy(name)
  const [terms] = sidecarTerms({ ...policy, vendors: [vendor] }).vendors
  if (terms === undefined) throw new Error(`bench: no vendor ${name}`)
  const pricing = vendorPricing(policy, vendor)
  let totalUs = 0
  for (let done = 0; done < times; done += AT_ONCE) {
    const calls = Array.from({ length: AT_ONCE }, (_, at) => call({ bytes, count: done + at, isMany }))
    const before = process.cpuUsage()
    for (let one = calls.pop(); one !== undefined; one = calls.pop()) {
      const identity = recogniserOf(vendor.type)(one, terms, 'auto')
      const forward = costingOf(vendor.type).forwardBody(one, pricing)
      const bound = costingOf(vendor.type).bound(one, pricing)
      if ('code' in identity || 'code' in forward || 'code' in bound)
        throw new Error('bench: a call was not recognised')
    }
    const { user, system } = process.cpuUsage(before)
    totalUs += user + system
  }
  return totalUs / times
}

function ofPolicy(name: string): { policy: Policy; vendor: Vendor } {
  const read = parsePolicies(POLICY, 'bench')
  const policy = 'policies' in read ? read.policies[0] : undefined
  const vendor = policy?.vendors.find((one) => one.name === name)
  if (policy === undefined || vendor === undefined) throw new Error(`bench: ${JSON.stringify(read)}`)
  return { policy, vendor }
}

function filled(bytes: number, start: string, field: (at: number) => string): Uint8Array {
  let text = start
  for (let at = 0; text.length < bytes; at += 1) text += field(at)
  // What begins as a document ends as one.
  const end = start.startsWith('{') ? (start.endsWith('"') && field(0) === 'text' ? '"}' : '}') : ''
  return Buffer.from(text + end)
}
