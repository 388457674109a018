/**
 * What `jobcap run --json` prints: one event a line on standard output, in the order in which they happened. Process
 * ids are this machine's. The last line is the summary.
 */
export type RunEvent =
  /** Again after each restart of the ledger. */
  | { readonly event: 'ledger.started'; readonly pid: number; readonly address: string }
  | {
      readonly event: 'job.started'
      readonly job: string
      readonly jobUid: string
      readonly warnings: readonly string[]
      /** Null: a work queue. */
      readonly completions: number | null
      /** How Pods are kept apart: `none` hides nothing from them. */
      readonly isolation: 'root' | 'user' | 'none'
    }
  /** The run has its vault key: the first Pod has exchanged its token. */
  | { readonly event: 'run.opened'; readonly runUid: string; readonly keyId: string }
  | { readonly event: 'pod.started'; readonly pod: string; readonly index: number | null }
  | {
      readonly event: 'container.started'
      readonly pod: string
      readonly index: number | null
      readonly container: string
      readonly pid: number
    }
  | {
      readonly event: 'container.ended'
      readonly pod: string
      readonly index: number | null
      readonly container: string
      readonly exitCode: number
      readonly terminationMessage: string
    }
  | {
      readonly event: 'pod.ended'
      readonly pod: string
      readonly index: number | null
      readonly phase: 'Succeeded' | 'Failed'
    }
  | ({ readonly event: 'job.ended' } & JobEnd)
  | ({ readonly event: 'summary' } & RunSummary)

export interface JobEnd {
  readonly job: string
  readonly jobUid: string
  /** `Interrupted`: ended by a person before it was done. */
  readonly condition: 'Complete' | 'Failed' | 'Interrupted'
  readonly reason: string | null
  readonly message: string | null
}

/** Totals of one Job's run, from the audit. */
export interface RunSummary {
  readonly job: string
  readonly runUid: string | null
  readonly keyId: string | null
  readonly capUsd: string | null
  /** A person set the key's caps, so a Job's annotation does not change them. */
  readonly isCapByPerson: boolean
  readonly spentUsd: string
  readonly calls: number
  readonly settled: number
  readonly replayed: number
  readonly refused: number
  readonly inDoubt: number
  readonly pods: number
  /** Pods of either end. */
  readonly succeeded: number
  readonly failed: number
  /** Why jobcap stopped Pods, each reason once. */
  readonly stops: readonly Stop[]
  /** Folder with one log file a container. */
  readonly logs: string
}

/** What issuer or proxy left as its termination message. */
export interface Stop {
  readonly container: string
  readonly exitCode: number
  /** A code of the refusal catalogue, or of the container's exit. */
  readonly reason: string
  readonly message: string
  /** Of a spent cap. */
  readonly level?: string
  readonly limitUsd?: string
  readonly spentUsd?: string
}
