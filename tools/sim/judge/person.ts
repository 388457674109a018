import type { CallRow } from '../../../store/store.ts'
import type { Effect } from '../parts/vendor.ts'
import type { Contents } from './contents.ts'

export interface AtTheVendor {
  readonly effects: readonly Effect[]
  readonly calls: ReadonlyMap<string, CallRow>
  readonly contents: Contents
  /** Customer → effects that other calls in doubt were told to have had. */
  readonly taken: Map<string, number>
}

/** What a person finds at the vendor: by the key, else by what nobody has claimed yet of this customer's effects. */
export function hadEffect(row: CallRow, { effects, calls, contents, taken }: AtTheVendor): boolean {
  if (row.vendor === 'stripe') return effects.some(({ key }) => key !== null && key === row.vendorKey)
  const customer = contents.customerOf(row.digest)
  const booked = [...calls.values()].filter((one) => one.hasEffect && contents.customerOf(one.digest) === customer)
  const claimed = taken.get(customer) ?? 0
  const made = effects.filter((effect) => effect.customer === customer).length
  if (made <= booked.length + claimed) return false
  taken.set(customer, claimed + 1)
  return true
}
