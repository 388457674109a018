import { type UsdMicros, usdMicrosOf } from '../../contract/money.ts'
import type { TwilioPrices, TwilioTerms } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'

const E164 = /^\+[1-9][0-9]{4,14}$/
/** `whatsapp:+4930123`, `client:alice`. */
const ADDRESS = /^[a-z]+:[\x21-\x7e]{1,250}$/

/** The prices for whom a call goes to. A number in any other form might be dialled in a dearer country than it seems. */
export function pricesFor(to: string, { prices, pricesByTo }: TwilioTerms): TwilioPrices | Refusal {
  if (!E164.test(to) && !ADDRESS.test(to)) {
    const message = 'Send `To` as a number with its country, `+4930123456`, or as an address such as `whatsapp:+4930…`.'
    return refusal('amount_invalid', message, { field: 'To' })
  }
  const longest = Object.keys(pricesByTo)
    .filter((beginning) => to.startsWith(beginning))
    .sort((left, right) => right.length - left.length)[0]
  const own = longest === undefined ? undefined : pricesByTo[longest]
  if (own !== undefined) return own
  if (E164.test(to)) return prices
  const scheme = `${to.split(':', 1)[0]}:`
  return refused(`an address of ${scheme}`, `an entry \`${scheme}\` under \`pricesByTo\``)
}

/** `field`: of `prices`, or of the entry of `pricesByTo` that the number begins with. */
export function notPriced(what: string, field: string): Refusal {
  return refused(what, `\`${field}\``)
}

function refused(what: string, missing: string): Refusal {
  return refusal(
    'route_unknown',
    `The policy has no price for ${what}, so it is refused. To allow it, give the vendor there ${missing}.`,
  )
}

export function times(usdMicros: UsdMicros, count: number): UsdMicros | Refusal {
  return usdMicrosOf(BigInt(usdMicros) * BigInt(count)) ?? refusal('amount_invalid', 'The price is past 2^53 - 1.')
}

export function plus(left: UsdMicros, right: UsdMicros): UsdMicros | Refusal {
  return usdMicrosOf(BigInt(left) + BigInt(right)) ?? refusal('amount_invalid', 'The price is past 2^53 - 1.')
}
