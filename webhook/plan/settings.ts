import { milliOf } from './quantity.ts'

/** What admission needs to know beside the Job and the policies. */
export interface PlanSettings {
  /** Image of issuer and proxy; in a cluster with a digest, because it decides how calls are told apart. */
  readonly image: string
  /** Null: as Kubernetes chooses. */
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never' | null
  /** `https://host:port`, `http://host:port` or `unix:/path`, as seen from the Pod. */
  readonly ledgerUrl: string
  /** PEM of the only authority that the Pod trusts for the ledger; null without TLS. */
  readonly ledgerCaPem: string | null
  /** Of the proxy and of the issuer, Kubernetes quantities. */
  readonly resources: PodResources
  /** Names of pull Secrets that the Pods need for our image, in their own namespace; absent: none. */
  readonly imagePullSecrets?: readonly string[]
}

/** Requests and limits of one container of ours. */
export interface PodResources {
  readonly requests: { readonly cpu: string; readonly memory: string }
  /** Without `cpu`: a busy proxy may take what the node has left. */
  readonly limits: { readonly cpu?: string; readonly memory: string }
}

/** The proxy measures 52 MiB idle and 65 MiB after 10,000 calls; what the limit leaves above 96 MiB holds the large bodies in flight. */
export const DEFAULT_RESOURCES: PodResources = {
  requests: { cpu: '20m', memory: '64Mi' },
  limits: { cpu: '1', memory: '192Mi' },
}

/** Of which more is requested than the limit allows: the API server would refuse every Job that they are put into. */
export function requestedAboveLimit({ requests, limits }: PodResources): 'cpu' | 'memory' | undefined {
  return (['cpu', 'memory'] as const).find(
    (name) => (milliOf(requests[name]) ?? 0) > (milliOf(limits[name]) ?? Infinity),
  )
}
