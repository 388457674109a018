import { join } from 'node:path'
import { CREDENTIAL_MOUNT_PATH, TOKEN_FILE, TOKEN_MOUNT_PATH } from '../../contract/labels.ts'
import type { Environment } from '../../runtime/environment.ts'
import { type LedgerAddress, parseLedgerAddress } from '../ledger-link.ts'
import { readPort } from '../port.ts'

const DEFAULT_DEADLINE_MS = 5 * 60_000

export interface IssuerConfig {
  readonly ledger: LedgerAddress
  readonly tokenFile: string
  readonly stateDir: string
  readonly terminationLog: string
  /** Of the proxy. */
  readonly port: number
  /** How long a ledger that is not there is waited for. Then the proxy, for no longer, and 60 s at most. */
  readonly deadlineMs: number
}

/** A sentence that names the variable when the environment cannot be worked with. */
export function readIssuerConfig(env: Environment): IssuerConfig | string {
  const ledger = parseLedgerAddress(env['JOBCAP_LEDGER_URL'] ?? '', env['JOBCAP_LEDGER_CA_PEM'])
  if (ledger === undefined) return 'JOBCAP_LEDGER_URL must be https://host:port, http://host:port or unix:/path'
  const deadlineMs = Number(env['JOBCAP_ISSUE_DEADLINE_MS'] ?? DEFAULT_DEADLINE_MS)
  if (!Number.isInteger(deadlineMs) || deadlineMs < 0) return 'JOBCAP_ISSUE_DEADLINE_MS must be whole milliseconds'
  const port = readPort(env)
  if (port === undefined) return 'JOBCAP_PORT must be a port number'
  return { ledger, port, deadlineMs, ...podPaths(env) }
}

/** Where issuer and proxy find what they share; overridable where there is no Pod. */
export function podPaths(env: Environment): Pick<IssuerConfig, 'tokenFile' | 'stateDir' | 'terminationLog'> {
  return {
    tokenFile: env['JOBCAP_TOKEN_FILE'] ?? join(TOKEN_MOUNT_PATH, TOKEN_FILE),
    stateDir: env['JOBCAP_STATE_DIR'] ?? CREDENTIAL_MOUNT_PATH,
    terminationLog: env['JOBCAP_TERMINATION_LOG'] ?? '/dev/termination-log',
  }
}
