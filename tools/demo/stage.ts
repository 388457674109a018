import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Children } from '../scene/children.ts'
import type { Customer as ChargedCustomer } from '../scene/judge.ts'
import { ROOT, TOOLS } from '../scene/places.ts'

/** Its folder holds the programs too, so `jobcap run` is started there. */
export const EXAMPLE = join(ROOT, 'manifests/examples/nightly-billing')
const HUNT_MANIFEST = join(import.meta.dirname, 'hunt/job.yaml')

export interface Customer extends ChargedCustomer {
  readonly amountCents: number
  /** Completion index of the Pod that charges this customer. */
  readonly index: number
}

/** What all acts share: a folder of their own, the customers, and the vendor's secret in the ledger's folder alone. */
export interface Stage {
  readonly folder: string
  readonly secretsFolder: string
  readonly secretFile: string
  readonly children: Children
  /** The example's, without its Python slice where this machine has no Python for it. */
  readonly manifest: string
  readonly hasPython: boolean
  /** A Job that looks for this stage's secret, and not for that of another demo on the same machine. */
  readonly huntManifest: string
  readonly customers: readonly Customer[]
  /** Ends what was started and removes the folder. */
  strike(): Promise<void>
}

const CUSTOMERS_PER_POD = 10

export function setStage(): Stage {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'jobcap-demo-')))
  const secretsFolder = join(folder, 'secrets')
  mkdirSync(join(secretsFolder, 'stripe'), { recursive: true, mode: 0o700 })
  const secretFile = join(secretsFolder, 'stripe/api-key')
  const secret = `sk_test_demo${randomBytes(12).toString('hex')}`
  writeFileSync(secretFile, secret, { mode: 0o600 })
  const children = new Children()
  const hasPython = spawnSync(join(TOOLS, 'python3'), ['-c', 'import requests']).status === 0
  const manifest = readFileSync(join(EXAMPLE, 'cronjob.yaml'), 'utf8')
  return {
    ...{ folder, secretsFolder, secretFile, children, hasPython },
    manifest: hasPython ? manifest : manifest.replace(/^.*exec python3 bill\.py.*\n/m, ''),
    huntManifest: huntManifest(secret),
    customers: readCustomers(manifest),
    async strike() {
      await children.endAll()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The example's policy with the vendor at another address; undefined: the vendor's own. */
export function writePolicy(file: string, vendorUrl: string | undefined): void {
  const policy = readFileSync(join(EXAMPLE, 'policy.yaml'), 'utf8')
  const line = /^ *baseUrl: .*$/m
  writeFileSync(file, policy.replace(line, vendorUrl === undefined ? '' : `      baseUrl: ${vendorUrl}`))
}

/** Knows the secret's first third only, so that it does not find itself. */
function huntManifest(secret: string): string {
  const anySecret = 'sk_test_demo[0-9a-f]\\{24\\}'
  return readFileSync(HUNT_MANIFEST, 'utf8').replace(anySecret, `${secret.slice(0, 20)}[0-9a-f]\\{16\\}`)
}

/** The rows of the manifest's ConfigMap, as the Pods share them out. */
function readCustomers(manifest: string): Customer[] {
  return [...manifest.matchAll(/^ +(cus_\d+),(\d+),/gm)].map(([, id = '', cents], at) => ({
    id,
    amountCents: Number(cents),
    index: Math.floor(at / CUSTOMERS_PER_POD),
  }))
}
