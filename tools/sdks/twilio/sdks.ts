import { FAKE_ACCOUNT } from '../../../fake-vendors/twilio/twilio.ts'
import type { Sdk, VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

/** By host name it cannot be pointed: it takes `twilio.localhost` for product and region of a name under twilio.com. */
const node = (version: string, folder: string): Sdk => ({
  name: 'twilio-node',
  language: 'node',
  version,
  folder,
  pointing: {
    prefix: "client.api.baseUrl = 'http://localhost:8080/twilio'",
    port: "client.api.baseUrl = 'http://127.0.0.1:12345'",
  },
})

const python = (version: string, folder: string): Sdk => ({
  name: 'twilio-python',
  language: 'python',
  version,
  folder,
  pointing: {
    prefix: 'client.api.base_url = "http://localhost:8080/twilio"',
    host: 'client.api.base_url = "http://twilio.localhost:8080"',
    port: 'client.api.base_url = "http://127.0.0.1:12345"',
  },
})

export const twilio: VendorSdks = {
  vendor: 'twilio',
  secret: 'auth0token0that0only0the0ledger0has',
  policy: (url) => `
type: twilio
baseUrl: ${url}
accountSid: ${FAKE_ACCOUNT}
prices: {segmentUsd: "0.01", callMinuteUsd: "0.02"}
allowedEndpoints: ["POST /2010-04-01/Accounts/*", "GET /2010-04-01/*", "GET /v1/Services"]
`,
  programs: { node: 'program.mjs', python: 'program.py' },
  sdks: [node('6.3.1', 'node-6'), node('5.13.1', 'node-5'), python('9.13.0', 'python-9')],
  cases: CASES,
}
