import type { VendorType } from '../../contract/vendor.ts'
import type { Costing } from '../costing.ts'
import { costing as genericCosting } from '../generic/cost.ts'
import { costing as stripeCosting } from '../stripe/cost.ts'

export function costingOf(type: VendorType): Costing {
  switch (type) {
    case 'stripe':
      return stripeCosting
    case 'generic':
      return genericCosting
  }
}
