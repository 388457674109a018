import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The processes of ours that another one starts. */
export type ProcessName = 'issuer' | 'ledger' | 'proxy'

const ROOT = join(import.meta.dirname, '..')

/** Its source, and its bundle in dist/, where the installed package's own `runtime/` would lie. */
const FILES: Readonly<Record<ProcessName, { source: string; bundle: string }>> = {
  issuer: { source: 'sidecar/issuer/main.ts', bundle: 'jobcap-issuer.cjs' },
  ledger: { source: 'ledger/main.ts', bundle: 'ledger/main.js' },
  proxy: { source: 'sidecar/proxy/main.ts', bundle: 'jobcap-proxy.cjs' },
}

/** The file for Node to run: the source in a clone, the bundle in the installed package. */
export function processEntry(name: ProcessName): string {
  const source = join(ROOT, FILES[name].source)
  return existsSync(source) ? source : join(ROOT, FILES[name].bundle)
}
