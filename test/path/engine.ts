import type { Tap } from './tap.ts'

/** A real store under the path, which a test can take away. */
export interface Engine {
  readonly name: 'SQLite' | 'Redis'
  /** A fresh, empty one; `folder` is for its files. */
  start(folder: string): Promise<RunningEngine>
}

export interface RunningEngine {
  /** Flags of each ledger over it. */
  readonly flags: readonly string[]
  /** Of the first start of a ledger alone. */
  readonly firstFlags: readonly string[]
  /** Between ledgers and store, where there is one. */
  readonly wire: Tap | undefined
  /** From now on it takes nothing that is new; what it took stays. */
  cutOff(): Promise<void>
  mend(): Promise<void>
  /** Killed and started again, where it is a process of its own. Ledgers may run. */
  restart(): Promise<void>
  /** Takes a copy of all that it holds. No ledger may run. */
  copy(): Promise<void>
  /** Puts the copy back, as a restore or a failover that lost the newest writes would. No ledger may run. */
  putBack(): Promise<void>
  /** Loses everything that it holds. No ledger may run. */
  empty(): Promise<void>
  /** All its calls were first sent so much earlier. No ledger may run. */
  dateBack(byMs: number): Promise<void>
  stop(): Promise<void>
}
