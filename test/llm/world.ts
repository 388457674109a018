import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import type { TruthCall } from '../../fake-vendors/truth.ts'
import { type FakeVendor, policyText, STRIPE_SECRET } from '../ledger/rig.ts'
import { newJob, type PathJob } from '../path/job.ts'
import type { PathPod } from '../path/pod.ts'
import { World } from '../path/world.ts'

/** The whole path with stand-ins for language models behind it. */
export interface LlmWorld {
  readonly world: World
  readonly openai: FakeVendor
  readonly anthropic: FakeVendor
  newJob(capUsd?: string): PathJob
  /** After each test. */
  endTest(): Promise<void>
}

/** `more`: further lines of each of the two vendors in the policy; `spec`: one of the policy's own; `others`: vendors at the stand-in of OpenAI's. */
export async function startLlmWorld({
  flags = [],
  more = '',
  spec = '',
  others = () => '',
}: {
  flags?: readonly string[]
  more?: string
  spec?: string
  others?: (openaiUrl: string) => string
} = {}): Promise<LlmWorld> {
  const world = await World.start(...flags)
  const [openai, anthropic] = await Promise.all([world.rig.startVendor('openai'), world.rig.startVendor('anthropic')])
  const vendors = [
    { name: 'openai', vendor: openai },
    { name: 'anthropic', vendor: anthropic },
  ]
  for (const { name } of vendors) world.rig.writeSecret(STRIPE_SECRET, `${name}/key`)
  const vendorTexts = vendors.map((each) => vendorText(each, more)).join('')
  world.rig.writePolicy(policyText(world.rig, { spec }) + vendorTexts + others(openai.url))
  return {
    world,
    openai,
    anthropic,
    newJob: (capUsd) => newJob(world, capUsd === undefined ? {} : { capUsd }),
    async endTest() {
      for (const { vendor } of vendors) {
        await vendor.control.clearFaults()
        await vendor.control.clearHolds()
      }
      await world.endTest()
    },
  }
}

function vendorText({ name, vendor }: { name: string; vendor: FakeVendor }, more: string): string {
  return `  - name: ${name}
    type: ${name}
    baseUrl: ${vendor.url}
    listPrices: true
    secretRef: {name: ${name}, key: key}
    allowedEndpoints: ["POST /v1/*", "GET /v1/*", "DELETE /v1/*"]
    ${more}
`
}

/** The official package, pointed at the Pod's proxy as admission points it: by its address. */
export function anthropicOf(pod: PathPod, options: { retries?: number; timeoutMs?: number } = {}): Anthropic {
  return new Anthropic({
    apiKey: 'sk-ant-api03-placeholder',
    baseURL: `${pod.address}/anthropic`,
    maxRetries: options.retries ?? 2,
    timeout: options.timeoutMs ?? 60_000,
  })
}

/** The official package, pointed at the Pod's proxy as admission points it: by its address. */
export function openaiOf(pod: PathPod, options: { retries?: number; timeoutMs?: number } = {}): OpenAI {
  return new OpenAI({
    apiKey: 'sk-proj-placeholder',
    baseURL: `${pod.address}/openai/v1`,
    maxRetries: options.retries ?? 2,
    timeout: options.timeoutMs ?? 60_000,
  })
}

/** What these tokens cost, micro-dollars, by prices for a million: worked out here from the truth file alone. */
export function usdMicrosOf(
  calls: readonly TruthCall[],
  price: { readonly input: number; readonly cached: number; readonly output: number },
): number {
  return calls
    .map(({ tokens = {} }) => {
      const { input = 0, cached = 0, output = 0 } = tokens
      const sum = BigInt(input - cached) * BigInt(price.input) + BigInt(cached) * BigInt(price.cached)
      return Number((sum + BigInt(output) * BigInt(price.output) + 999_999n) / 1_000_000n)
    })
    .reduce((sum, micros) => sum + micros, 0)
}
