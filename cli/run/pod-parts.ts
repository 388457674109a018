import { basename, dirname } from 'node:path'
import {
  CREDENTIAL_MOUNT_PATH,
  ISSUER_CONTAINER,
  PROXY_CONTAINER,
  PROXY_PORT,
  TOKEN_FILE,
  TOKEN_MOUNT_PATH,
} from '../../contract/labels.ts'
import type { Isolation } from '../../local/namespaces/sandbox.ts'
import type { LocalCommand, PrivateBind } from '../../local/run.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Environment } from '../../runtime/environment.ts'
import { entries } from '../entries.ts'

/** Where issuer and proxy see the ledger's socket; beside /run/jobcap, which is /var/run/jobcap on most hosts. */
const SOCKET_MOUNT = '/run/jobcap-ledger'
/**
 * A small young generation keeps a sidecar lean; the rest of it is `runtime/lean-engine.ts`. With 1 what twenty calls hold at
 * once outlives it, and is carried on to be collected at greater cost.
 */
export const LEAN_NODE = ['--max-semi-space-size=2']
/** First of the loopback ports that stand for a vendor each where no host name can. */
const FIRST_VENDOR_PORT = 18_081
/** Where nothing can be bound, paths in variables are given their real places (local/), but not those in our programs. */
const PATHS_AS_VARIABLES = {
  JOBCAP_TOKEN_FILE: `${TOKEN_MOUNT_PATH}/${TOKEN_FILE}`,
  JOBCAP_STATE_DIR: CREDENTIAL_MOUNT_PATH,
  JOBCAP_TERMINATION_LOG: '/dev/termination-log',
}

/** What this machine does for the parts that admission puts into a Pod. */
export interface PodParts {
  readonly ledgerUrl: string
  readonly commands: Readonly<Record<string, LocalCommand>>
  readonly privateBinds: readonly PrivateBind[]
  /** Variables of every container. PATH is the person's own: this machine stands for the image. */
  readonly environment: Readonly<Record<string, string>>
  /** Ports of the sidecar's loopback. */
  readonly ports: readonly number[]
}

export interface PodPlace {
  readonly isolation: Pick<Isolation, 'level'>
  readonly policies: readonly Policy[]
  readonly environment: Environment
}

/**
 * For Pods of the ledger that listens on this socket. Without namespaces nothing can be bound: the socket is reached
 * where it is, and each vendor gets a port of its own.
 */
export function podParts(socket: string, about: PodPlace): PodParts {
  const { isolation, policies, environment } = about
  const { issuer, proxy } = entries()
  const hasNamespaces = isolation.level !== 'none'
  const ports = hasNamespaces ? [] : vendorPorts(policies)
  const node = [process.execPath, ...LEAN_NODE]
  const paths = hasNamespaces ? {} : PATHS_AS_VARIABLES
  const ofProxy =
    ports.length === 0 ? {} : { JOBCAP_VENDOR_PORTS: ports.map(([name, port]) => `${name}=${port}`).join() }
  return {
    ports: [PROXY_PORT, ...ports.map(([, port]) => port)],
    ledgerUrl: hasNamespaces ? `unix:${SOCKET_MOUNT}/${basename(socket)}` : `unix:${socket}`,
    commands: {
      [ISSUER_CONTAINER]: { command: [...node, issuer], environment: paths },
      [PROXY_CONTAINER]: {
        command: [...node, proxy],
        environment: { ...paths, ...ofProxy },
      },
    },
    privateBinds: hasNamespaces
      ? [{ containers: [ISSUER_CONTAINER, PROXY_CONTAINER], hostPath: dirname(socket), path: SOCKET_MOUNT }]
      : [],
    environment: {
      ...(environment['PATH'] === undefined ? {} : { PATH: environment['PATH'] }),
      ...Object.fromEntries(ports.flatMap(([name, port]) => vendorVariables(name, port))),
    },
  }
}

function vendorPorts(policies: readonly Policy[]): (readonly [name: string, port: number])[] {
  const names = [...new Set(policies.flatMap(({ vendors }) => vendors.map(({ name }) => name)))]
  return names.map((name, at) => [name, FIRST_VENDOR_PORT + at] as const)
}

function vendorVariables(name: string, port: number): [string, string][] {
  const prefix = `JOBCAP_${name.toUpperCase().replaceAll('-', '_')}`
  return [
    [`${prefix}_HOST`, '127.0.0.1'],
    [`${prefix}_PORT`, String(port)],
  ]
}
