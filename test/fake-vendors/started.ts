import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Stripe from 'stripe'
import { type VendorControl, vendorControl } from '../../fake-vendors/client.ts'
import { fakeGeocoder } from '../../fake-vendors/generic/geocoder.ts'
import { fakeResend } from '../../fake-vendors/resend/resend.ts'
import { startFakeVendor } from '../../fake-vendors/start.ts'
import { fakeStripe } from '../../fake-vendors/stripe/stripe.ts'
import type { TruthLine } from '../../fake-vendors/truth.ts'
import { readTruth } from '../../fake-vendors/truth.ts'
import type { Vendor } from '../../fake-vendors/vendor.ts'
import type { VendorClock } from '../../fake-vendors/vendor-clock.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'

export const SECRET = 'sk_test_the_real_one'

export interface Started {
  url: string
  control: VendorControl
  controlUrl: string
  /** The truth file as it is on the disk now. */
  truth(): TruthLine[]
  stop(): Promise<void>
}

async function start(vendor: (clock: VendorClock) => Vendor): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'fake-vendor-'))
  const truthFile = join(folder, 'truth.ndjson')
  const anyPort = { host: '127.0.0.1', port: 0 }
  const log = createLog('fake', 'error')
  const running = await startFakeVendor({ listen: anyPort, control: anyPort, truthFile, log, vendor })
  return {
    url: running.url,
    controlUrl: running.controlUrl,
    control: vendorControl(running.controlUrl),
    truth: () => readTruth(truthFile),
    stop: async () => {
      await running.drain()
      rmSync(folder, { recursive: true })
    },
  }
}

export function startStripe(): Promise<Started> {
  return start((clock) => fakeStripe({ secret: SECRET, clock, random: systemRandom }))
}

export function startResend(): Promise<Started> {
  return start((clock) => fakeResend({ secret: SECRET, clock, random: systemRandom }))
}

export function startGeocoder(): Promise<Started> {
  return start(() => fakeGeocoder({ secret: SECRET, random: systemRandom }))
}

/** The official package, pointed at the stand-in. Without retries unless asked: a test wants to see each answer. */
export function stripeSdk(url: string, maxNetworkRetries = 0): Stripe {
  const { hostname, port } = new URL(url)
  return new Stripe(SECRET, { host: hostname, port, protocol: 'http', maxNetworkRetries })
}

export type Exchange =
  | { kind: 'answer'; status: number; headers: IncomingHttpHeaders; body: string }
  | { kind: 'broken'; code: string }

export interface Sent {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string
  signal?: AbortSignal
}

/** One request on a connection of its own, to the last byte of its answer or to what broke it. */
export function exchange(url: string, { method = 'POST', path, headers = {}, body, signal }: Sent): Promise<Exchange> {
  return new Promise((resolve) => {
    const broken = (fault: NodeJS.ErrnoException) => resolve({ kind: 'broken', code: fault.code ?? fault.name })
    const options = { method, headers, agent: false, ...(signal === undefined ? {} : { signal }) }
    const request = httpRequest(new URL(path, url), options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', broken)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    request.on('error', broken)
    request.end(body)
  })
}

/** Posts forms to one stand-in, with the right secret. */
export function poster(url: () => string) {
  return (path: string, form: string, headers: Record<string, string> = {}): Promise<Exchange> =>
    exchange(url(), { path, body: form, headers: { ...FORM_HEADERS, ...headers } })
}

export const FORM_HEADERS = {
  Authorization: `Bearer ${SECRET}`,
  'Content-Type': 'application/x-www-form-urlencoded',
}

/** What the tests read of a stand-in's answers. */
export interface AnswerBody {
  id: string
  status: string
  countries: string[]
  latitude: number
  longitude: number
  error: { type: string; message: string; code?: string; param?: string }
}

/** Throws where the connection broke or the body is no JSON. */
export function json(answer: Exchange): AnswerBody {
  if (answer.kind === 'broken') throw new Error(`the connection broke: ${answer.code}`)
  return JSON.parse(answer.body) as AnswerBody
}

export function statusOf(answer: Exchange): number | string {
  return answer.kind === 'answer' ? answer.status : answer.code
}

export const CHARGE = 'amount=1234&currency=usd&customer=cus_0001&confirm=true&off_session=true'
