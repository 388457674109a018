import type { UsdMicros } from '../../contract/money.ts'
import type { TwilioTerms } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import { CALL_PARAMETERS, type Parameters, parameter, strayParameter } from './parameters.ts'
import { notPriced, pricesFor, times } from './prices.ts'

/** Twilio hangs up after so many seconds at the latest, on accounts with the longest limit. */
const LONGEST_CALL_SECONDS = 86_400

/** All minutes up to the call's time limit. How long it will last is not known when it is made, and it is not asked later. */
export function callPrice(parameters: Parameters, terms: TwilioTerms): UsdMicros | Refusal {
  const stray = strayParameter(parameters, CALL_PARAMETERS)
  if (stray !== null) return stray
  const prices = pricesFor(parameter(parameters, 'To'), terms)
  if (isRefusal(prices)) return prices
  if (prices.callMinuteUsdMicros === null) return notPriced('calls')
  const limit = parameter(parameters, 'TimeLimit')
  if (!/^[1-9][0-9]{0,4}$/.test(limit) || Number(limit) > LONGEST_CALL_SECONDS) {
    const message = `Send \`TimeLimit\`, 1 to ${LONGEST_CALL_SECONDS} seconds, or let the policy put one in: callTimeLimitSeconds.`
    return refusal('amount_invalid', message, { field: 'TimeLimit' })
  }
  return times(prices.callMinuteUsdMicros, Math.ceil(Number(limit) / 60))
}
