import type { TruthCall } from '../../../fake-vendors/truth.ts'
import type { Sdk, VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

/** What an app writes for a proxy on `localhost:8080`. */
const pointing = (option: string) => ({
  environment: 'OPENAI_BASE_URL=http://localhost:8080/openai/v1, which admission sets',
  prefix: `${option}"http://localhost:8080/openai/v1"`,
  host: `${option}"http://openai.localhost:8080/v1"`,
  port: `${option}"http://127.0.0.1:12345/v1"`,
})

/** Micro-dollars for a million tokens of the built-in list of 2026-09-23. */
const PRICES: Readonly<Record<string, { readonly input: number; readonly output: number }>> = {
  'gpt-4o': { input: 2_500_000, output: 10_000_000 },
  'text-embedding-3-small': { input: 20_000, output: 0 },
}

function priceUsdMicros({ model = '', tokens = {} }: TruthCall): number {
  const price = PRICES[model]
  if (price === undefined) throw new Error(`no case has a price for ${model}`)
  const { input = 0, output = 0 } = tokens
  return Math.ceil((input * price.input + output * price.output) / 1_000_000)
}

const node = (version: string, folder: string): Sdk => ({
  ...{ name: 'openai-node', language: 'node', version, folder },
  pointing: pointing('baseURL: '),
})
const python = (version: string, folder: string): Sdk => ({
  ...{ name: 'openai-python', language: 'python', version, folder },
  pointing: pointing('base_url='),
})

export const openai: VendorSdks = {
  vendor: 'openai',
  secret: 'sk-proj-onlyTheLedgerHasThisSecret',
  policy: (url) => `
type: openai
baseUrl: ${url}
listPrices: true
allowedEndpoints: ["POST /v1/*", "GET /v1/*"]
`,
  environment: (port) => ({ OPENAI_BASE_URL: `http://localhost:${port}/openai/v1` }),
  priceUsdMicros,
  programs: { node: 'program.mjs', python: 'program.py' },
  sdks: [
    node('7.59.0', 'node-7'),
    node('6.49.0', 'node-6'),
    python('3.57.0', 'python-3'),
    python('2.54.0', 'python-2'),
  ],
  cases: CASES,
}
