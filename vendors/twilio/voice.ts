import { type UsdMicros, usdMicrosOf } from '../../contract/money.ts'
import type { TwilioPrices, TwilioTerms } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { isRefusal } from '../content/guard.ts'
import { CALL_PARAMETERS, isOn, type Parameters, parameter, strayParameter } from './parameters.ts'
import { notPriced, pricesFor } from './prices.ts'

/** Twilio hangs up after so many seconds at the latest, on accounts with the longest limit. */
const LONGEST_CALL_SECONDS = 86_400

/** All minutes up to the call's time limit. How long it will last is not known when it is made, and it is not asked later. */
export function callPrice(parameters: Parameters, terms: TwilioTerms): UsdMicros | Refusal {
  const stray = strayParameter(parameters, CALL_PARAMETERS)
  if (stray !== null) return stray
  const prices = pricesFor(parameter(parameters, 'To'), terms)
  if (isRefusal(prices)) return prices
  if (prices.callMinuteUsdMicros === null) return notPriced('calls', 'callMinuteUsd')
  const limit = parameter(parameters, 'TimeLimit')
  if (!/^[1-9][0-9]{0,4}$/.test(limit) || Number(limit) > LONGEST_CALL_SECONDS) {
    const message = `Send \`TimeLimit\`, 1 to ${LONGEST_CALL_SECONDS} seconds, or let the policy put one in: callTimeLimitSeconds.`
    return refusal('amount_invalid', message, { field: 'TimeLimit' })
  }
  return priceOf(
    { minutes: Math.ceil(Number(limit) / 60), minuteUsdMicros: prices.callMinuteUsdMicros },
    parameters,
    prices,
  )
}

interface Minutes {
  readonly minutes: number
  readonly minuteUsdMicros: UsdMicros
}

/** The minutes, and what Twilio bills beside them for recording the call and for listening who answers. */
function priceOf(
  { minutes, minuteUsdMicros }: Minutes,
  parameters: Parameters,
  prices: TwilioPrices,
): UsdMicros | Refusal {
  const isRecorded = isOn(parameters, 'Record')
  if (isRecorded && prices.recordMinuteUsdMicros === null)
    return notPriced('calls that are recorded', 'recordMinuteUsd')
  const detects = parameter(parameters, 'MachineDetection') !== ''
  if (detects && prices.machineDetectionUsdMicros === null)
    return notPriced('the detection of machines', 'machineDetectionUsd')
  const aMinute = BigInt(minuteUsdMicros) + BigInt((isRecorded ? prices.recordMinuteUsdMicros : null) ?? 0)
  const once = BigInt((detects ? prices.machineDetectionUsdMicros : null) ?? 0)
  return usdMicrosOf(aMinute * BigInt(minutes) + once) ?? refusal('amount_invalid', 'The price is past 2^53 - 1.')
}
