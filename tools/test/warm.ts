import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMPILE_CACHE } from './compile-cache.ts'

const POLICY = `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  caps: {perRunUsd: {default: "1.00", max: "1.00"}}
  vendors:
  - {name: stripe, type: stripe, secretRef: {name: stripe, key: api-key}, allowedEndpoints: ["GET /v1/*"]}
`

/**
 * Begins the cache anew. Starts each program that the tests start, and ends it by its own ways: a program that is killed, as nearly all are in
 * the tests, leaves nothing of what was compiled for it. One that does not start like this has loaded all it imports by then.
 */
export async function warmCompileCache(): Promise<void> {
  // Tests write thousands of sources that no later run has, and nothing else ever takes them out of the cache.
  rmSync(COMPILE_CACHE, { recursive: true, force: true })
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-warm-'))
  try {
    mkdirSync(join(folder, 'secrets/stripe'), { recursive: true })
    writeFileSync(join(folder, 'secrets/stripe/api-key'), 'sk_test_nobody')
    writeFileSync(join(folder, 'policy.yaml'), POLICY)
    const at = (name: string) => join(folder, name)
    const files = ['--policy', at('policy.yaml'), '--secrets', at('secrets'), '--state', at('state')]
    const vendors = globSync('fake-vendors/*/main.ts').map((main) => [
      main,
      ...['--truth', at(`${main.split('/')[1]}.ndjson`), '--secret', 'sk_test_nobody'],
    ])
    const programs = [
      ['ledger/main.ts', ...files, '--store', `sqlite:${at('ledger.db')}`, '--listen', '127.0.0.1:0'],
      ...vendors,
      ['cli/main.ts', 'explain', '-f', at('policy.yaml')],
      ...['controller/main.ts', 'sidecar/proxy/main.ts', 'sidecar/issuer/main.ts'].map((main) => [main]),
    ]
    await Promise.all(programs.map(startAndEnd))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** For one that neither serves nor ends; a slow machine takes ten seconds. */
const LIMIT_MS = 60_000

/** It serves when it says its first line. */
async function startAndEnd(args: readonly string[]): Promise<void> {
  const environment = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: COMPILE_CACHE }
  const child = spawn(process.execPath, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  child.stdout.once('data', () => child.kill('SIGTERM'))
  await once(child, 'close')
}
