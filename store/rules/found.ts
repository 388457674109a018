import type { CallRow, FoundAnswer, ReportAnswer, SendReport } from '../store.ts'
import { settle } from './settle.ts'
import type { Tables } from './tables.ts'

/**
 * M5: a look-up settles a call in doubt only by an effect that no other record has, and only if that is the only one.
 * What it does not find proves nothing, so it never releases. A revoked run is resolved so too (M4).
 */
export function settleFound(
  tables: Tables,
  call: CallRow,
  report: SendReport & { readonly outcome: { readonly candidates: readonly FoundAnswer[] } },
): ReportAnswer {
  const noted: ReportAnswer = { status: 'noted', call, isAlarm: false }
  if (call.state !== 'in_doubt' || report.epoch !== call.epoch || report.gen !== call.gen) return noted
  const unbound = report.outcome.candidates.filter(
    ({ object }) => !tables.isBound(object, call.callId) || !tables.rules.holds('found_unbound'),
  )
  const [only, ...more] = unbound
  return only === undefined || more.length > 0 ? noted : settle(tables, call, only)
}
