import { runAccount } from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import { type Ask, type OpenRecoverable, type PodsCaller, Stage, usd } from '../stage.ts'

/** Lost records came after all that the store still has. */
const LOST_ORDERS = 1_000

/** A store that has lost what a journal still has. */
export class LostRecords {
  readonly stage: Stage
  readonly store: S.RecoverableStore
  readonly a: PodsCaller
  /** Another index of the run, whose records are made and released to have rows like those that are lost. */
  readonly #other: PodsCaller
  #ids = 0

  private constructor(opened: { stage: Stage; store: S.RecoverableStore; a: PodsCaller; other: PodsCaller }) {
    this.stage = opened.stage
    this.store = opened.store
    this.a = opened.a
    this.#other = opened.other
  }

  static async open(open: OpenRecoverable): Promise<LostRecords> {
    const plan = { terms: { capUsdMicros: usd(10) } }
    let store: S.RecoverableStore | undefined
    const stage = await Stage.open(async (options) => {
      store = await open(options)
      return store
    })
    if (store === undefined) throw new Error('the stage has opened no store')
    const a = await stage.pod('a', plan)
    return new LostRecords({ stage, store, a, other: await stage.pod('other', { ...plan, index: 1 }) })
  }

  /** Spent and reserved, in dollars. */
  async held(account = runAccount(this.a.runUid)): Promise<string> {
    const { spentUsdMicros, reservedUsdMicros } = await this.stage.store.balance(account)
    return `${spentUsdMicros / 1e6}+${reservedUsdMicros / 1e6}`
  }

  /** A send of Pod a that the store has lost, as its journal has it. */
  async journalled(ask: Ask = {}, more: Partial<S.JournalledCall> = {}): Promise<S.JournalledCall> {
    const named = ask.key?.kind === 'named' ? ask.key.value : null
    const key = named === null ? null : ({ kind: 'named', value: `${named}-of-another` } as const)
    const { call, ref } = await this.stage.send(this.#other, { ...ask, key })
    if (call.repeat.kind === 'never') await this.stage.mark(ref)
    const { index: _, ...made } = await this.stage.call(call.callId)
    await this.stage.notSent(ref)
    this.#ids += 1
    const { podUid, podName, index } = this.a.pod
    const row: S.CallRow = {
      ...made,
      podUid,
      podName,
      index,
      scope: `${this.a.runUid}/0`,
      createdOrder: LOST_ORDERS + this.#ids,
      callId: `${made.callId.slice(0, -14)}${String(this.#ids).padStart(14, '0')}` as S.CallRow['callId'],
      namedKey: named,
      vendorKey: named ?? `${made.vendorKey}`.replace(`${this.a.runUid}-1-`, `${this.a.runUid}-0-`),
    }
    const token = ask.key?.kind === 'token' ? ask.key.value : null
    return { row, token, limits: ask.limits ?? [], epoch: row.epoch, open: row.open, closed: [], answer: null, ...more }
  }
}
