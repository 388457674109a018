import type { TruthCall } from '../../../fake-vendors/truth.ts'
import type { VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

/** What an app writes for a proxy on `localhost:8080`. */
const pointing = (option: string) => ({
  environment: 'ANTHROPIC_BASE_URL=http://localhost:8080/anthropic, which admission sets',
  prefix: `${option}"http://localhost:8080/anthropic"`,
  host: `${option}"http://anthropic.localhost:8080"`,
  port: `${option}"http://127.0.0.1:12345"`,
})

const NODE = { name: '@anthropic-ai/sdk', language: 'node', pointing: pointing('baseURL: ') } as const
const PYTHON = { name: 'anthropic-python', language: 'python', pointing: pointing('base_url=') } as const

/** Of claude-sonnet-5 in the built-in list of 2026-09-23: $2 and $10 for a million tokens. */
function priceUsdMicros({ model, tokens = {} }: TruthCall): number {
  if (model !== 'claude-sonnet-5') throw new Error(`no case has a price for ${model ?? 'no model'}`)
  const { input = 0, output = 0 } = tokens
  return input * 2 + output * 10
}

export const anthropic: VendorSdks = {
  vendor: 'anthropic',
  secret: 'sk-ant-api03-onlyTheLedgerHasThisSecret',
  policy: (url) => `
type: anthropic
baseUrl: ${url}
listPrices: true
allowedEndpoints: ["POST /v1/*", "GET /v1/*"]
`,
  environment: (port) => ({ ANTHROPIC_BASE_URL: `http://localhost:${port}/anthropic` }),
  priceUsdMicros,
  programs: { node: 'program.mjs', python: 'program.py' },
  sdks: [
    { ...NODE, version: '1.14.0', folder: 'node-1' },
    { ...NODE, version: '0.137.0', folder: 'node-0' },
    { ...PYTHON, version: '2.14.0', folder: 'python-2' },
    { ...PYTHON, version: '1.17.0', folder: 'python-1' },
  ],
  cases: CASES,
}
