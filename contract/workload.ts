import type { JobUid, PodUid } from './ids.ts'

/**
 * Who a Pod is, as the platform vouches for it: in a cluster read by TokenReview, Pod and controller Job; locally the
 * content of a signed Pod token. The one way to say who a caller is.
 */
export interface WorkloadFacts {
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly pod: PodFacts
  readonly job: JobFacts
}

/** The Pod that asks. */
export interface PodFacts {
  readonly name: string
  readonly uid: PodUid
  /** Completion index; null in a work queue. */
  readonly index: number | null
  /** Terminating, Succeeded or Failed: no new credential. */
  readonly isEnding: boolean
  /** Annotations of the Pod's template, immutable since admission. */
  readonly templateAnnotations: Readonly<Record<string, string>>
}

/** The Job that controls the Pod. */
export interface JobFacts {
  readonly name: string
  readonly uid: JobUid
  readonly labels: Readonly<Record<string, string>>
  readonly completionMode: 'Indexed' | 'NonIndexed'
  /** Null in a work queue. */
  readonly completions: number | null
  /** Terminal or deleted: no credential. */
  readonly isEnded: boolean
}

/** Content of a local Pod token; `expiresAtMs` as the wall clock of the machine tells it. */
export interface LocalPodToken {
  readonly audience: string
  readonly expiresAtMs: number
  readonly facts: WorkloadFacts
}

/** What a Job asks for, copied by admission into its immutable Pod template (`TERMS_ANNOTATION`). */
export interface TermsAsked {
  /** Decimal dollars; absent: the policy's default. */
  readonly capUsd?: string
  /** `METHOD /path` patterns; absent: all the policy allows. */
  readonly allowedEndpoints?: readonly string[]
  /** Name or UID of the Job whose run is continued. */
  readonly continues?: string
  /** Names the work: the Job joins the run of earlier Jobs with the same key, or opens it. Never beside `continues`. */
  readonly runKey?: string
  readonly policy: string
  /** `restartPolicy: OnFailure` was kept: paid calls need named keys. */
  readonly keepsRestarts?: boolean
}
