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
  readonly spentUsd: string
  readonly calls: number
  readonly settled: number
  readonly replayed: number
  readonly refused: number
  readonly inDoubt: number
  readonly pods: number
  /** Folder with one log file a container. */
  readonly logs: string
}
