import { formatUsd, type UsdMicros } from '../../contract/money.ts'
import type { KeyView, RunDetailView, RunView } from '../../contract/operators.ts'
import { runAccount, runDayAccount } from '../../store/rules/accounts.ts'
import type { KeyRow, RunRow } from '../../store/store.ts'
import type { Ledger } from '../ledger.ts'

/** A key with what was spent under it. */
export async function keyView(ledger: Ledger, key: KeyRow): Promise<KeyView> {
  const nowMs = ledger.clock.nowMs()
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const [total, day] = await Promise.all([
    ledger.store.balance(runAccount(key.runUid)),
    ledger.store.balance(runDayAccount(key.runUid, today)),
  ])
  return {
    key_id: key.keyId,
    run: key.runUid,
    vendor: key.vendor,
    policy: key.policyName,
    label: key.label,
    status: statusAt(nowMs, key),
    usd_cap: usdOrNull(key.capUsdMicros),
    daily_usd_cap: usdOrNull(key.dailyCapUsdMicros),
    limits_set_by_person: key.limitsSetByPerson,
    spent_usd: formatUsd(total.spentUsdMicros),
    reserved_usd: formatUsd(total.reservedUsdMicros),
    spent_today_usd: formatUsd(day.spentUsdMicros),
    reserved_today_usd: formatUsd(day.reservedUsdMicros),
    allowed_endpoints: key.allowedEndpoints,
    created_at_ms: key.createdAtMs,
    expires_at_ms: key.expiresAtMs,
  }
}

export async function runView(ledger: Ledger, run: RunRow): Promise<RunView> {
  const key = await ledger.store.findKey(run.keyId)
  if (key === undefined) throw new Error(`run ${run.runUid} names a key that is not in the store`)
  return {
    run: run.runUid,
    namespace: run.namespace,
    policy: run.policyName,
    completion_mode: run.completionMode,
    completions: run.completions,
    jobs: run.jobs.map(({ uid, name, isEnded }) => ({ uid, name, ended: isEnded })),
    key: await keyView(ledger, key),
    opened_at_ms: run.openedAtMs,
    closed: run.isClosed,
  }
}

export async function runDetailView(ledger: Ledger, run: RunRow): Promise<RunDetailView> {
  const [view, totals] = await Promise.all([runView(ledger, run), ledger.totals.of(run)])
  if (totals === undefined) throw new Error(`run ${run.runUid} is not in the store any more`)
  const { calls, inDoubt, replays, refusedByCap } = totals
  return {
    ...view,
    totals: { call_count: calls, in_doubt_count: inDoubt, replay_count: replays, refused_by_cap_count: refusedByCap },
  }
}

/** The store judges expiry at each call, so no row ever says it. */
function statusAt(nowMs: number, { status, expiresAtMs }: KeyRow): KeyView['status'] {
  return status === 'active' && expiresAtMs !== null && expiresAtMs <= nowMs ? 'expired' : status
}

function usdOrNull(amount: UsdMicros | null): string | null {
  return amount === null ? null : formatUsd(amount)
}
