import { Router } from 'express'
import { formatUsd } from '../../contract/money.ts'
import type { PolicyView } from '../../contract/operators.ts'
import { POLICIES_ROUTE } from '../../contract/routes.ts'
import type { Policy } from '../../policy/policy.ts'
import { policyDayAccount } from '../../store/rules/accounts.ts'
import type { Ledger } from '../ledger.ts'

/** The policies as the ledger uses them. */
export function policyRoutes(ledger: Ledger): Router {
  const router = Router()
  router.get(POLICIES_ROUTE, async (_request, response) => {
    const policies = await Promise.all(ledger.policies.all().map((policy) => policyView(ledger, policy)))
    response.json({ policies })
  })
  return router
}

async function policyView({ clock, store, secrets }: Ledger, policy: Policy): Promise<PolicyView> {
  const day = new Date(clock.nowMs()).toISOString().slice(0, 10)
  const { spentUsdMicros, reservedUsdMicros } = await store.balance(policyDayAccount(policy.name, day))
  const { perDayUsdMicros } = policy.caps
  return {
    policy: policy.name,
    day,
    per_day_usd: perDayUsdMicros === null ? null : formatUsd(perDayUsdMicros),
    spent_today_usd: formatUsd(spentUsdMicros),
    reserved_today_usd: formatUsd(reservedUsdMicros),
    secrets: policy.vendors.map(({ secretRef }) => ({
      name: secretRef.name,
      key: secretRef.key,
      is_there: secrets.read(secretRef) !== undefined,
    })),
  }
}
