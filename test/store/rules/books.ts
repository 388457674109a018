import type { CallId } from '../../../contract/ids.ts'
import {
  classDayAccount,
  namespaceDayAccount,
  policyDayAccount,
  runAccount,
  runDayAccount,
  vendorDayAccount,
} from '../../../store/rules/accounts.ts'
import type * as S from '../../../store/store.ts'
import type { Stage } from '../stage.ts'
import { Breach, type Truth } from './truth.ts'

interface Booked {
  readonly runUid: S.RunRow['runUid']
  readonly calls: Iterable<CallId>
  readonly moneyClass: string | undefined
  readonly truth: Truth
}

/** The account is the sum of its calls, and holds all that was really spent. */
export async function checkBooks(stage: Stage, { runUid, calls, moneyClass, truth }: Booked): Promise<void> {
  const ofClass = { vendor: 'stripe', moneyClass: moneyClass ?? '' }
  const account = moneyClass === undefined ? runAccount(runUid) : classDayAccount('default', ofClass, dayOf(stage))
  const balance = await stage.store.balance(account)
  const rows = await Promise.all([...calls].map((callId) => stage.call(callId)))
  const spent = rows.reduce((sum, row) => sum + row.spentUsdMicros, 0)
  const reserved = rows.reduce((sum, row) => sum + row.reservedUsdMicros, 0)
  if (balance.spentUsdMicros !== spent || balance.reservedUsdMicros !== reserved) {
    throw new Breach('books off', 'the account is not the sum of its calls')
  }
  if (truth.usdMicros > spent + reserved) {
    throw new Breach('effect uncounted', `${truth.usdMicros} really spent, ${spent + reserved} counted`)
  }
}

/** At an admission no level holds more than its limit. */
export async function checkCaps(
  stage: Stage,
  { caller, limits, policyName, price, vendor }: S.NumberRequest,
): Promise<void> {
  const key = await stage.store.findKey(caller.keyId)
  const day = dayOf(stage)
  const limitOf = (level: string) => limits.find((limit) => limit.level === level)?.limitUsdMicros
  const levels = [
    [runAccount(caller.runUid), key?.capUsdMicros],
    [runDayAccount(caller.runUid, day), key?.dailyCapUsdMicros],
    [policyDayAccount(policyName, day), limitOf('policy_day')],
    [vendorDayAccount(policyName, vendor, day), limitOf('policy_vendor_day')],
    [namespaceDayAccount(policyName, caller.pod?.namespace ?? '', day), limitOf('policy_namespace_day')],
    [classDayAccount(policyName, { vendor, moneyClass: price.moneyClass ?? '' }, day), limitOf('policy_class_day')],
  ] as const
  for (const [account, limit] of levels) {
    const { spentUsdMicros, reservedUsdMicros } = await stage.store.balance(account)
    if (limit !== undefined && limit !== null && spentUsdMicros + reservedUsdMicros > limit) {
      throw new Breach('over the cap', `${account} holds ${spentUsdMicros + reservedUsdMicros} of ${limit}`)
    }
  }
}

const dayOf = ({ clock }: Stage) => new Date(clock.nowMs()).toISOString().slice(0, 10)
