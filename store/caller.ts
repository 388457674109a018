import type { JobUid, KeyId, PodUid, RunUid } from '../contract/ids.ts'

/** Who a call comes from, as the ledger authenticated it. */
export interface Caller {
  readonly keyId: KeyId
  readonly runUid: RunUid
  /** Null for a client without a Job. */
  readonly pod: PodCaller | null
}

export interface PodCaller {
  readonly keyId: KeyId
  readonly runUid: RunUid
  readonly jobUid: JobUid
  readonly podUid: PodUid
  readonly podName: string
  readonly namespace: string
  /** Null in a work queue. */
  readonly index: number | null
  /** Life of the Pod in which the request was issued. */
  readonly life: number
}
