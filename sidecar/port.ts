import { PROXY_PORT } from '../contract/labels.ts'
import type { Environment } from '../runtime/environment.ts'

/** What the kubelet puts into each container of a namespace that has a Service called `jobcap`: not meant for us. */
const SERVICE_LINK = /^[a-z]+:\/\//

/** Of the proxy: 8080 unless the environment says otherwise. Undefined when that is no port. */
export function readPort(env: Environment): number | undefined {
  const given = env['JOBCAP_PORT']
  return given === undefined || SERVICE_LINK.test(given) ? PROXY_PORT : portOf(given)
}

export function portOf(text: string): number | undefined {
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65_535 ? port : undefined
}
