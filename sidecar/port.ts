import { PROXY_PORT } from '../contract/labels.ts'
import type { Environment } from '../runtime/environment.ts'

/** Of the proxy: 8080 unless the environment says otherwise. Undefined when that is no port. */
export function readPort(env: Environment): number | undefined {
  return portOf(env['JOBCAP_PORT'] ?? String(PROXY_PORT))
}

export function portOf(text: string): number | undefined {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? port : undefined
}
