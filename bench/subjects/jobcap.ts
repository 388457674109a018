import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LEAN_NODE } from '../../cli/run/pod-parts.ts'
import { asJobUid, asPodUid } from '../../contract/ids.ts'
import { TERMS_ANNOTATION, TOKEN_AUDIENCE } from '../../contract/labels.ts'
import type { LocalPodToken } from '../../contract/workload.ts'
import { signPodToken } from '../../runtime/pod-token.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { LEAN_MALLOC } from '../../webhook/plan.ts'
import type { Part } from '../processes.ts'
import { CHARGE, type Ground, type Subject } from './subject.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What ships, not the sources. */
export const PROXY_BUNDLE = join(ROOT, 'dist/jobcap-proxy.cjs')
const ISSUER_BUNDLE = join(ROOT, 'dist/jobcap-issuer.cjs')
const LEDGER_BUNDLE = join(ROOT, 'dist/ledger/main.js')
/** A certificate for 127.0.0.1 that signs itself. */
const CERTIFICATE = join(ROOT, 'test/ledger/fixtures')
const TOKEN_LIFE_MS = 24 * 3_600_000
/** Dollars that no bench spends. */
const PLENTY_USD = '900000000.00'

export interface JobcapShape {
  readonly name: string
  /** `--store` of the ledger. */
  readonly store: string
  readonly hasTls: boolean
  /** Further flags of the ledger. */
  readonly ledgerFlags?: readonly string[]
  /** Of Node, for both processes. */
  readonly nodeFlags?: readonly string[]
  /** Processes behind the ledger, to be counted with it. */
  readonly storeParts?: Readonly<Record<string, Part>>
}

/** The whole path, started as in a Pod: ledger, sidecar, and the issuer, which ends once the sidecar can carry calls. */
export async function startJobcap(ground: Ground, shape: JobcapShape): Promise<Subject> {
  const { processes } = ground
  const folder = join(ground.folder, shape.name.replaceAll(/[^a-z0-9]+/g, '-'))
  mkdirSync(join(folder, 'secrets/stripe'), { recursive: true })
  mkdirSync(join(folder, 'pod'))
  writeFileSync(join(folder, 'secrets/stripe/api-key'), 'sk_test_the_bench_one')
  writeFileSync(join(folder, 'policy.yaml'), policy(ground.vendorPort))
  const { ledger, url: ledgerUrl } = await startLedger(ground, folder, shape)
  const port = await freePort()
  const env = {
    ...LEAN_MALLOC,
    JOBCAP_LEDGER_URL: ledgerUrl,
    JOBCAP_PORT: String(port),
    JOBCAP_STATE_DIR: join(folder, 'pod'),
    JOBCAP_TOKEN_FILE: join(folder, 'token'),
    JOBCAP_TERMINATION_LOG: join(folder, 'termination-log'),
    ...(shape.hasTls ? { JOBCAP_LEDGER_CA_PEM: readFileSync(join(CERTIFICATE, 'cert.pem'), 'utf8') } : {}),
  }
  writeFileSync(join(folder, 'token'), podToken(folder))
  const { nodeFlags = [] } = shape
  const command = process.execPath
  const named = (part: string) => `${shape.name.replaceAll(/[^a-z0-9]+/g, '-')}-${part}`
  const sidecar = processes.start({
    name: named('proxy'),
    command,
    env,
    args: [...nodeFlags, ...LEAN_NODE, PROXY_BUNDLE],
  })
  const issuer = processes.start({ name: named('issuer'), command, env, args: [ISSUER_BUNDLE] })
  const code = await issuer.ended
  if (code !== 0) throw new Error(`bench: the issuer ended with ${code}:\n${processes.errorsOf(issuer)}`)
  return {
    name: shape.name,
    url: `http://127.0.0.1:${port}`,
    shape: { ...CHARGE, path: `/stripe${CHARGE.path}` },
    parts: { sidecar, ledger, ...shape.storeParts },
  }
}

async function startLedger(
  { processes }: Ground,
  folder: string,
  { name, store, hasTls, ledgerFlags = [], nodeFlags = [] }: JobcapShape,
): Promise<{ ledger: Part; url: string }> {
  const files = { policy: 'policy.yaml', store, state: 'state', secrets: 'secrets', listen: '127.0.0.1:0' }
  const flags = Object.entries(files).flatMap(([flag, value]) => [`--${flag}`, value])
  const tls = hasTls ? ['--tls-cert', join(CERTIFICATE, 'cert.pem'), '--tls-key', join(CERTIFICATE, 'key.pem')] : []
  const ledger = processes.start({
    name: `${name.replaceAll(/[^a-z0-9]+/g, '-')}-ledger`,
    command: process.execPath,
    args: [...nodeFlags, LEDGER_BUNDLE, ...flags, ...tls, ...ledgerFlags],
    cwd: folder,
  })
  await processes.until(ledger, () => ledger.output().includes('\n'))
  const { addresses } = JSON.parse(ledger.output()) as { addresses: string[] }
  return { ledger, url: addresses[0] ?? '' }
}

function policy(vendorPort: number): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {}}
  caps:
    perRunUsd: {default: "${PLENTY_USD}"}
    perDayUsd: "${PLENTY_USD}"
  vendors:
  - name: stripe
    type: stripe
    baseUrl: http://127.0.0.1:${vendorPort}
    secretRef: {name: stripe, key: api-key}
    allowedEndpoints: ["POST /v1/payment_intents"]
  - name: openai
    type: openai
    baseUrl: http://127.0.0.1:${vendorPort}
    secretRef: {name: stripe, key: api-key}
    listPrices: true
    allowedEndpoints: ["POST /v1/chat/completions"]
`
}

/** Index 0 of a Job that never ends. */
function podToken(folder: string): string {
  const token: LocalPodToken = {
    audience: TOKEN_AUDIENCE,
    expiresAtMs: Date.now() + TOKEN_LIFE_MS,
    facts: {
      namespace: 'bench',
      namespaceLabels: {},
      pod: {
        name: 'bench-0',
        uid: asPodUid('uid-bench-0'),
        index: 0,
        isEnding: false,
        templateAnnotations: { [TERMS_ANNOTATION]: JSON.stringify({ policy: 'default' }) },
      },
      job: {
        name: 'bench',
        uid: asJobUid('uid-bench'),
        labels: {},
        completionMode: 'Indexed',
        completions: 1,
        isEnded: false,
      },
    },
  }
  return signPodToken(token, Buffer.from(readFileSync(join(folder, 'state/pod-token-key'), 'utf8').trim(), 'hex'))
}
