import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatUsd, type UsdMicros } from '../../contract/money.ts'
import { Children } from '../scene/children.ts'
import type { Plan } from './plan.ts'

/** Its program lies beside it, so `jobcap run` is started there. */
export const JOB_FOLDER = join(import.meta.dirname, 'job')

/** Files of one round. */
export interface Setting {
  readonly folder: string
  readonly secretsFolder: string
  readonly secretFile: string
  readonly policyFile: string
  /** Keys that all replicas share. */
  readonly ledgerState: string
  /** Of `jobcap run`. */
  readonly runState: string
  readonly logFolder: string
  readonly socketFolder: string
  /** Holds the one socket that Pods are shown. */
  readonly balancerFolder: string
  readonly children: Children
  readonly manifest: string
  /** The cap: what all charges come to and not a cent more, so that whatever is counted twice or lost shows. */
  readonly capMicros: number
  writePolicy(vendorUrl: string): void
  /** Ends what was started; `keep` leaves the files for a person. */
  strike(keep: boolean): Promise<void>
}

export function makeSetting({ charges }: Plan): Setting {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobcap-chaos-')))
  const inside = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
    return join(folder, name)
  }
  const secretFile = join(inside('secrets/stripe'), 'api-key')
  writeFileSync(secretFile, 'sk_test_chaos', { mode: 0o600 })
  const capMicros = charges.reduce((sum, { cents }) => sum + cents * 10_000, 0)
  const policyFile = join(folder, 'policy.yaml')
  const children = new Children()
  return {
    folder,
    secretsFolder: join(folder, 'secrets'),
    secretFile,
    policyFile,
    ledgerState: inside('ledger'),
    runState: inside('run'),
    logFolder: inside('logs'),
    socketFolder: inside('sockets'),
    balancerFolder: inside('balancer'),
    children,
    manifest: manifestOf(charges),
    capMicros,
    writePolicy: (vendorUrl) => writeFileSync(policyFile, policyOf(formatUsd(capMicros as UsdMicros), vendorUrl)),
    async strike(keep) {
      await children.endAll()
      if (!keep) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function policyOf(capUsd: string, vendorUrl: string): string {
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {jobcap.dev/inject: enabled}}
  caps: {perRunUsd: {default: "${capUsd}", max: "${capUsd}"}, perDayUsd: "${capUsd}"}
  vendors:
  - name: stripe
    type: stripe
    baseUrl: ${vendorUrl}
    secretRef: {name: stripe, key: api-key}
    allowedEndpoints: ["POST /v1/payment_intents"]
`
}

function manifestOf(charges: Plan['charges']): string {
  const rows = charges.map(({ index, customer, cents }) => `    ${index},${customer},${cents}\n`).join('')
  const config = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: charges, namespace: billing}\ndata:\n  charges.csv: |\n${rows}`
  return readFileSync(join(JOB_FOLDER, 'job.yaml'), 'utf8') + config
}
