import { systemTimers } from '../../runtime/timers.ts'
import { tellProxyAt } from '../../sidecar/issuer/tell-proxy.ts'

const ASK_EVERY_MS = 20
const ASKS = 1_500

/** Resolves once a proxy answers on this port: with the credential that it finds on its volume, or without one. Rejects after 30 s. */
export async function proxyListens(port: number): Promise<void> {
  const tell = tellProxyAt(port)
  for (let asks = 0; asks < ASKS; asks += 1) {
    if ((await tell()) !== undefined) return
    await systemTimers.sleep(ASK_EVERY_MS)
  }
  throw new Error(`no proxy listens on port ${port}`)
}
