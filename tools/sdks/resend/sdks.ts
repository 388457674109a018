import type { Sdk, VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

const current: Sdk = {
  name: 'resend-node',
  language: 'node',
  version: '6.38.0',
  folder: 'node-6',
  pointing: {
    environment: 'RESEND_BASE_URL=http://localhost:8080/resend',
    prefix: "new Resend(key, { baseUrl: 'http://localhost:8080/resend' }) // from 6.12.4",
    host: "new Resend(key, { baseUrl: 'http://resend.localhost:8080' }) // from 6.12.4",
    port: "new Resend(key, { baseUrl: 'http://127.0.0.1:12345' }) // from 6.12.4",
  },
}

/** The constructor takes a base URL from 6.12.4 on; before it, each way but the environment went to Resend itself. */
const byEnvironment = { pointing: { environment: 'RESEND_BASE_URL=http://localhost:8080/resend' } } as const

const firstOfMajor: Sdk = { ...current, ...byEnvironment, version: '6.0.3', folder: 'node-6-0' }

/** 5 was one release. */
const previous: Sdk = { ...current, ...byEnvironment, version: '4.8.0', folder: 'node-4' }

const python: Sdk = {
  name: 'resend-python',
  language: 'python',
  version: '2.52.0',
  folder: 'python-2',
  pointing: {
    environment: 'RESEND_API_URL=http://localhost:8080/resend',
    prefix: 'resend.api_url = "http://localhost:8080/resend"',
    host: 'resend.api_url = "http://resend.localhost:8080"',
    port: 'resend.api_url = "http://127.0.0.1:12345"',
  },
}

export const resend: VendorSdks = {
  vendor: 'resend',
  secret: 're_OnlyTheLedgerHasThis',
  policy: (url) => `
type: resend
baseUrl: ${url}
recipientUsd: "0.01"
allowedEndpoints: ["POST /emails", "POST /emails/*", "GET /emails/*", "POST /contacts"]
`,
  environment: (port) => ({
    RESEND_BASE_URL: `http://localhost:${port}/resend`,
    RESEND_API_URL: `http://localhost:${port}/resend`,
  }),
  programs: { node: 'program.mjs', python: 'program.py' },
  sdks: [current, firstOfMajor, previous, python],
  cases: CASES,
}
