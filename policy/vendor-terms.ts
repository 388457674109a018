import { DIGEST_VERSION, type SidecarTerms } from '../contract/exchange.ts'
import type { VendorPricing } from '../contract/pricing.ts'
import type { VendorTerms } from '../contract/vendor.ts'
import type { Policy, Vendor } from './policy.ts'

/** Of a vendor of a policy, which is never altered: a change of the policy makes new ones. */
const known = new WeakMap<Vendor, VendorPricing>()

/** What the vendor's `cost.ts` needs to price a call. */
export function vendorPricing(policy: Policy, vendor: Vendor): VendorPricing {
  const earlier = known.get(vendor)
  if (earlier?.currencies === policy.currencies) return earlier
  const pricing = pricingOf(policy, vendor)
  known.set(vendor, pricing)
  return pricing
}

function pricingOf({ currencies }: Policy, vendor: Vendor): VendorPricing {
  const { type, prices, idempotency, statuses, mediaTypes, twilio, resend, tokens, stripe } = vendor
  const own = {
    ...(statuses === undefined ? {} : { statuses }),
    ...(mediaTypes === undefined ? {} : { mediaTypes }),
    ...(twilio === undefined ? {} : { twilio }),
    ...(resend === undefined ? {} : { resend }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(stripe === undefined ? {} : { stripe }),
  }
  return { type, currencies, routes: prices, idempotency, ...own }
}

/** What a sidecar needs to tell calls apart: no secret, no price, no address. */
export function sidecarTerms({ appKeys, vendors, maxBodyBytes }: Policy): SidecarTerms {
  return {
    digestVersion: DIGEST_VERSION,
    appKeys,
    vendors: vendors.map(vendorTerms),
    maxBodyBytes,
  }
}

/** What the vendor's `identity.ts` needs to tell its calls apart. */
export function vendorTerms({ name, type, routes, retryTokenHeader, mediaTypes }: Vendor): VendorTerms {
  return {
    ...{ name, type, routes },
    ...(retryTokenHeader === undefined ? {} : { retryTokenHeader }),
    ...(mediaTypes === undefined ? {} : { mediaTypes }),
  }
}
