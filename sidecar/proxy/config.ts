import type { Environment } from '../../runtime/environment.ts'
import { type IssuerConfig, podPaths } from '../issuer/config.ts'
import { type LedgerAddress, parseLedgerAddress } from '../ledger-link.ts'
import { portOf, readPort } from '../port.ts'

const DEFAULT_DRAIN_MS = 20_000

export interface ProxyConfig extends Pick<IssuerConfig, 'tokenFile' | 'stateDir' | 'terminationLog'> {
  readonly ledger: LedgerAddress
  /** Default 8080; on 127.0.0.1 and ::1. */
  readonly port: number
  /** Loopback ports that belong to one vendor each, for machines where no host name can be given to it. */
  readonly vendorPorts: ReadonlyMap<number, string>
  /** How long calls in flight may take to end after SIGTERM. Default 20 000. */
  readonly drainMs: number
}

/** A sentence that names the variable when the environment cannot be worked with. */
export function readProxyConfig(env: Environment): ProxyConfig | string {
  const ledger = parseLedgerAddress(env['JOBCAP_LEDGER_URL'] ?? '', env['JOBCAP_LEDGER_CA_PEM'])
  if (ledger === undefined) return 'JOBCAP_LEDGER_URL must be https://host:port, http://host:port or unix:/path'
  const port = readPort(env)
  if (port === undefined) return 'JOBCAP_PORT must be a port number'
  const vendorPorts = readVendorPorts(env['JOBCAP_VENDOR_PORTS'] ?? '')
  if (vendorPorts === undefined) return 'JOBCAP_VENDOR_PORTS must look like stripe=12345,twilio=12346'
  const drainMs = Number(env['JOBCAP_DRAIN_MS'] ?? DEFAULT_DRAIN_MS)
  if (!Number.isInteger(drainMs) || drainMs < 0) return 'JOBCAP_DRAIN_MS must be whole milliseconds'
  return { ledger, port, vendorPorts, drainMs, ...podPaths(env) }
}

function readVendorPorts(text: string): Map<number, string> | undefined {
  const ports = new Map<number, string>()
  for (const pair of text.split(',').filter((part) => part !== '')) {
    const [vendor = '', portText = ''] = pair.split('=')
    const port = portOf(portText)
    if (port === undefined || !/^[a-z][a-z0-9-]*$/.test(vendor)) return undefined
    ports.set(port, vendor)
  }
  return ports
}
