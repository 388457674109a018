import type { HistoryId } from '../../../contract/ids.ts'
import type { StoreTime } from '../../../store/rules/tables.ts'
import type { RecoverableStore } from '../../../store/store.ts'

type StepName =
  | 'number'
  | 'markSent'
  | 'renewLeases'
  | 'report'
  | 'recordSeen'
  | 'admitRead'
  | 'closeRead'
  | 'recordRefusal'
  | 'admitPod'
  | 'endJob'
  | 'createKey'
  | 'setLimits'
  | 'revokeKey'
  | 'repair'
  | 'resolveByPerson'
  | 'merge'
  | 'mergeStanding'

/** A step of the store, and what it was given. */
export type AskedStep = { [Name in StepName]: readonly [Name, ...Parameters<RecoverableStore[Name]>] }[StepName]

/** A step that has been taken. Another engine that is asked the same, at that time, must answer the same. */
export interface TakenStep {
  readonly asked: AskedStep
  /** Process that asked. */
  readonly ledger: string
  readonly historyId: HistoryId
  readonly time: StoreTime
  /** What it threw, where it is an `Error`. */
  readonly answer: unknown
}
