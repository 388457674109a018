import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { Vendor } from '../../policy/policy.ts'
import type { Ledger } from '../ledger.ts'

export function secretMissing({ name, secretRef }: Vendor): Refusal {
  return refusal(
    'vendor_secret_missing',
    `The secret of vendor \`${name}\` cannot be read, so nothing was sent: put it where the ledger looks for \`${secretRef.name}/${secretRef.key}\`; no restart is needed.`,
  )
}

/** The vendor did nothing but refuse our secret, which is for an operator to hear of. */
export function secretRefused(ledger: Ledger, { name }: Vendor): Refusal {
  ledger.log.error({ vendor: name }, 'the vendor refused our secret')
  ledger.metrics.count('ledger_alarms_total', { reason: 'vendor_secret_refused' })
  return refusal(
    'vendor_secret_refused',
    `Vendor \`${name}\` refused the secret that its \`secretRef\` in the policy names; nothing was charged. Put the right one there.`,
  )
}
