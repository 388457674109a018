/** Objects of the API server, as far as we read them. They come as JSON, with fields that are not named here. */
export interface KubeObject {
  readonly metadata: Metadata
}

export interface Metadata {
  readonly name: string
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  /** Set while the object is being deleted. */
  readonly deletionTimestamp?: string
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
}

export interface Pod extends KubeObject {
  readonly spec: { readonly initContainers?: readonly { readonly name: string }[] }
  readonly status?: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

export interface ContainerStatus {
  readonly name: string
  readonly state?: ContainerState
  /** How it ended before it was restarted in place. */
  readonly lastState?: ContainerState
}

interface ContainerState {
  readonly terminated?: { readonly message?: string }
}

export interface Job extends KubeObject {
  readonly spec: {
    readonly completionMode?: 'Indexed' | 'NonIndexed'
    /** Null in a work queue. */
    readonly completions?: number | null
    readonly suspend?: boolean
    readonly template: {
      readonly metadata?: Pick<Metadata, 'labels' | 'annotations'>
      readonly spec?: { readonly restartPolicy?: string }
    }
  }
  readonly status?: { readonly conditions?: readonly JobCondition[]; readonly failed?: number }
}

export interface JobCondition {
  /** `Complete`, `Failed`, `Suspended`, `SuccessCriteriaMet`, `FailureTarget`. */
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface Secret extends KubeObject {
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
}

/** A page of a list. */
export interface KubeList<Kind> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly Kind[]
}

/** What the API server says when it refuses. */
export interface Status {
  readonly kind: 'Status'
  readonly message?: string
  readonly reason?: string
  readonly code?: number
  readonly details?: { readonly retryAfterSeconds?: number }
}

/** List of the custom resource `CapPolicy`. */
export const CAP_POLICIES_PATH = '/apis/jobcap.dev/v1alpha1/cappolicies'

/** Nothing of a Job's own is started after one of these conditions. `Suspended` is none of them. */
const FAILING: readonly string[] = ['FailureTarget', 'Failed']
const TERMINAL: readonly string[] = ['SuccessCriteriaMet', 'Complete', ...FAILING]

/** At the first terminal sign, or when it is being deleted. */
export function isEnded({ metadata, status }: Pick<Job, 'metadata' | 'status'>): boolean {
  if (metadata.deletionTimestamp !== undefined) return true
  return (status?.conditions ?? []).some(({ type, status: is }) => is === 'True' && TERMINAL.includes(type))
}

/** Its Pods do not fail when a container does. */
export function restartsInPlace({ spec }: Pick<Job, 'spec'>): boolean {
  return spec.template.spec?.restartPolicy === 'OnFailure'
}

/** At the first sign that it fails. */
export function hasFailed({ status }: Pick<Job, 'status'>): boolean {
  return (status?.conditions ?? []).some(({ type, status: is }) => is === 'True' && FAILING.includes(type))
}

/** When the first terminal sign came, or the deletion was asked for; undefined while the Job lives. */
export function endedAtMs({ metadata, status }: Pick<Job, 'metadata' | 'status'>): number | undefined {
  const sign = (status?.conditions ?? []).find(({ type, status: is }) => is === 'True' && TERMINAL.includes(type))
  const atMs = Date.parse(sign?.lastTransitionTime ?? metadata.deletionTimestamp ?? '')
  return Number.isNaN(atMs) ? undefined : atMs
}
