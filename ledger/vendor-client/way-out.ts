import { Agent, type Dispatcher, ProxyAgent } from 'undici'

const CONNECT_MS = 10_000
/** Idle connections go well before the vendor closes them: Node's own servers wait 5 s, load balancers 60 s. */
const IDLE_CONNECTION_MS = 3_000
/** Also where the vendor offers to keep the connection longer. */
const MAX_IDLE_CONNECTION_MS = 20_000

/** A proxy between the ledger and the vendors; it sees names of hosts and ciphertext. */
export interface VendorProxy {
  /** `http://[USER:PASSWORD@]HOST:PORT`, or `https://…`. */
  readonly url: string
  /** Host names that are reached without it, each with all below it. */
  readonly except: readonly string[]
}

/** How an origin is reached. */
export interface WayOut {
  to(origin: string): Dispatcher
  close(): Promise<unknown>
}

/**
 * https by CONNECT through the proxy where there is one, everything else directly. A proxy that will not connect fails
 * like a vendor that does not answer the phone: no byte of the request has left. `pipelining` 1: one request at a time on a
 * connection; 0: one request a connection.
 */
export function createWayOut(pipelining: 0 | 1, proxy: VendorProxy | null): WayOut {
  const options = {
    pipelining,
    allowH2: false,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: MAX_IDLE_CONNECTION_MS,
    connect: { timeout: CONNECT_MS },
  }
  const direct = new Agent(options)
  if (proxy === null) return { to: () => direct, close: () => direct.destroy() }
  const tunnel = new ProxyAgent({ ...options, uri: proxy.url, proxyTunnel: true })
  return {
    to: (origin) => (isTunnelled(new URL(origin), proxy) ? tunnel : direct),
    close: () => Promise.all([direct.destroy(), tunnel.destroy()]),
  }
}

function isTunnelled({ protocol, hostname }: URL, { except }: VendorProxy): boolean {
  return protocol === 'https:' && !except.some((name) => hostname === name || hostname.endsWith(`.${name}`))
}
