/** The parts of Kubernetes objects that run locally. `supported.ts` says which fields an object may carry. */
export type Labels = Readonly<Record<string, string>>

export interface ObjectMetadata {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly labels?: Labels
  readonly annotations?: Labels
}

export interface Job {
  readonly kind: 'Job'
  readonly metadata: ObjectMetadata
  readonly spec: JobSpec
}

export interface CronJob {
  readonly kind: 'CronJob'
  readonly metadata: ObjectMetadata
  readonly spec: { readonly jobTemplate: { readonly metadata?: ObjectMetadata; readonly spec: JobSpec } }
}

export interface JobSpec {
  /** Null or absent with `parallelism` set: a work queue. */
  readonly completions?: number | null
  /** Default 1. */
  readonly parallelism?: number
  /** Default NonIndexed. */
  readonly completionMode?: 'Indexed' | 'NonIndexed'
  /** Failed Pods allowed before the Job fails. Default 6; unlimited when `backoffLimitPerIndex` is set. */
  readonly backoffLimit?: number
  readonly backoffLimitPerIndex?: number
  readonly maxFailedIndexes?: number
  readonly activeDeadlineSeconds?: number
  readonly podFailurePolicy?: { readonly rules: readonly FailureRule[] }
  /** Default Failed with a `podFailurePolicy`, else TerminatingOrFailed. */
  readonly podReplacementPolicy?: 'Failed' | 'TerminatingOrFailed'
  readonly template: PodTemplate
}

export interface FailureRule {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count'
  readonly onExitCodes?: {
    readonly containerName?: string | null
    readonly operator: 'In' | 'NotIn'
    readonly values: readonly number[]
  }
  readonly onPodConditions?: readonly { readonly type: string; readonly status?: string }[]
}

export interface PodTemplate {
  readonly metadata?: ObjectMetadata
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly restartPolicy: 'Never' | 'OnFailure'
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[]
  /** Seconds between SIGTERM and SIGKILL. Default 30. */
  readonly terminationGracePeriodSeconds?: number
  readonly serviceAccountName?: string
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvSource[]
  readonly volumeMounts?: readonly VolumeMount[]
  /** `Always` makes an init container a native sidecar. */
  readonly restartPolicy?: 'Always'
  readonly lifecycle?: { readonly postStart?: { readonly exec: { readonly command: readonly string[] } } }
  /** Default /dev/termination-log. */
  readonly terminationMessagePath?: string
  /** `FallbackToLogsOnError`: the end of the log stands in for an empty message of a failed container. */
  readonly terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError'
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean }
}

export interface KeyReference {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly configMapKeyRef?: KeyReference
    readonly secretKeyRef?: KeyReference
    readonly fieldRef?: { readonly fieldPath: string }
  }
}

export interface EnvSource {
  readonly prefix?: string
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
  readonly secretRef?: { readonly name: string; readonly optional?: boolean }
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly readOnly?: boolean
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
  /** File mode of this key alone. */
  readonly mode?: number
}

export interface ConfigMapProjection {
  readonly name: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
}

export interface Projection {
  readonly serviceAccountToken?: {
    readonly path: string
    readonly audience?: string
    /** Default 3600, at least 600. */
    readonly expirationSeconds?: number
  }
  readonly configMap?: ConfigMapProjection
  readonly secret?: ConfigMapProjection
}

export interface Volume {
  readonly name: string
  readonly emptyDir?: { readonly medium?: '' | 'Memory' } | null
  readonly configMap?: ConfigMapProjection & { readonly defaultMode?: number }
  readonly secret?: {
    readonly secretName: string
    readonly items?: readonly KeyToPath[]
    readonly optional?: boolean
    readonly defaultMode?: number
  }
  readonly projected?: { readonly sources?: readonly Projection[]; readonly defaultMode?: number }
}

/** The content of a ConfigMap or a Secret, decoded. */
export interface KeyedData {
  readonly name: string
  readonly namespace: string
  readonly data: ReadonlyMap<string, Buffer>
}

export interface Namespace {
  readonly name: string
  readonly labels: Labels
}

export const DEFAULT_NAMESPACE = 'default'
