import type { Sdk, VendorSdks } from '../case.ts'
import { CASES } from './cases.ts'

const current: Sdk = {
  name: 'resend-node',
  language: 'node',
  version: '6.38.0',
  folder: 'node-6',
  pointing: {
    environment: 'RESEND_BASE_URL=http://localhost:8080/resend',
    prefix: "new Resend(key, { baseUrl: 'http://localhost:8080/resend' })",
    host: "new Resend(key, { baseUrl: 'http://resend.localhost:8080' })",
    port: "new Resend(key, { baseUrl: 'http://127.0.0.1:12345' })",
  },
}

/** 5 was one release; before 6 the constructor takes no base URL. */
const previous: Sdk = {
  ...current,
  version: '4.8.0',
  folder: 'node-4',
  pointing: { environment: 'RESEND_BASE_URL=http://localhost:8080/resend' },
}

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
  sdks: [current, previous, python],
  cases: CASES,
}
