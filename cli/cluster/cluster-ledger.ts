import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TOKEN_AUDIENCE } from '../../contract/labels.ts'
import type { KubeApi } from '../../kube/api.ts'
import type { PersonsKube } from '../../kube/person.ts'
import { createLedgerClient, type LedgerClient } from '../../ledger/client.ts'
import type { Environment } from '../../runtime/environment.ts'
import type { Timers } from '../../runtime/timers.ts'
import { Unavailable, UsageError } from '../faults.ts'
import { findLedger } from './find-ledger.ts'

/** The least that the API server gives. */
const TOKEN_LIFE_S = 600

export interface ClusterAsk {
  /** Undefined: the kubeconfig's current one. */
  readonly context: string | undefined
  /** `NAMESPACE/NAME`, whose token is sent; undefined: the kubeconfig's own user. */
  readonly serviceAccount: string | undefined
}

/** Whether `kubectl` would find a kubeconfig. */
export function hasKubeconfig({ KUBECONFIG, HOME }: Environment): boolean {
  if (KUBECONFIG !== undefined && KUBECONFIG !== '') return true
  return HOME !== undefined && existsSync(join(HOME, '.kube/config'))
}

/** A cluster's ledger as a person asks it. */
export interface ClusterLedger {
  readonly client: LedgerClient
  /** The API server, as the kubeconfig's user. */
  readonly kube: KubeApi
  /** Of the kubeconfig's context. */
  readonly namespace: string
}

/** A client of the ledger in the cluster, through the API server, as the kubeconfig's user. */
export async function connectToCluster(ask: ClusterAsk, timers: Timers): Promise<ClusterLedger> {
  // The Kubernetes client takes longer to load than most commands take in all.
  const { connectAsPerson } = await import('../../kube/person.ts')
  const person = connectAsPerson(timers, ask.context)
  const { address, caPem, pod } = await findLedger(person.kube).catch((fault: Error) => {
    if (fault instanceof Unavailable) throw new Unavailable(`${person.context}: ${fault.message}`)
    throw new Unavailable(
      `the ledger of ${person.context} could not be looked for: ${fault.message}. Another way to it: --ledger https://HOST:PORT`,
    )
  })
  const operatorToken = await tokenOf(person, ask.serviceAccount)
  const client = createLedgerClient({ address, caPem, operatorToken, openSocket: () => person.openPort(pod) })
  return { client, kube: person.kube, namespace: person.namespace }
}

/** The ledger asks the API server whose token it is, so a client certificate does not do. */
async function tokenOf(person: PersonsKube, serviceAccount: string | undefined): Promise<string> {
  if (serviceAccount !== undefined) return serviceAccountToken(person, serviceAccount)
  const token = await person.bearer()
  if (token !== undefined) return token
  throw new UsageError(
    `the user of ${person.context} is known by a certificate, which cannot be passed on: give --service-account NAMESPACE/NAME, whose token is then asked for`,
  )
}

async function serviceAccountToken({ kube }: PersonsKube, account: string): Promise<string> {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(account) ?? []
  if (namespace === undefined || name === undefined) {
    throw new UsageError(`--service-account ${account} is not NAMESPACE/NAME`)
  }
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`
  const asked = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [TOKEN_AUDIENCE], expirationSeconds: TOKEN_LIFE_S },
  }
  const made = await kube.create<{ status: { token: string } }>(path, asked).catch((fault: Error) => {
    throw new Unavailable(`no token for the service account ${account}: ${fault.message}`)
  })
  return made.status.token
}
