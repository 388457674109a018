import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import { isRefusal } from '../content/guard.ts'
import { twilioFields } from './identity.ts'

/** May stand more than once. */
const LISTS = ['MediaUrl', 'PersistentAction', 'StatusCallbackEvent', 'RecordingStatusCallbackEvent']

/** Every parameter of `POST Messages` in the SDKs of 2026-11 (twilio-node 6.2, twilio-python 9.13). */
export const MESSAGE_PARAMETERS = (
  'To From MessagingServiceSid Body MediaUrl ContentSid ContentVariables StatusCallback ApplicationSid MaxPrice ' +
  'ProvideFeedback Attempt ValidityPeriod ForceDelivery ContentRetention AddressRetention SmartEncoded ' +
  'PersistentAction TrafficType ShortenUrls ScheduleType SendAt SendAsMms MessageIntent RiskCheck FallbackFrom'
).split(' ')

/** Every parameter of `POST Calls` there. */
export const CALL_PARAMETERS = (
  'To From Method FallbackUrl FallbackMethod StatusCallback StatusCallbackEvent StatusCallbackMethod SendDigits ' +
  'Timeout Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod RecordingConfigurationId ' +
  'SipAuthUsername SipAuthPassword MachineDetection MachineDetectionTimeout RecordingStatusCallbackEvent Trim ' +
  'CallerId MachineDetectionSpeechThreshold MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout ' +
  'AsyncAmd AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod Passports Byoc CallReason CallToken ' +
  'RecordingTrack TimeLimit ClientNotificationUrl Url Twiml ApplicationSid'
).split(' ')

/** Name → values. */
export type Parameters = ReadonlyMap<string, readonly string[]>

/** The parameters of a call that changes something, all from its body; of a name that is no list, one. */
export function parametersOf(call: CallText): Parameters | Refusal {
  if (call.query !== '') {
    return refusal('request_malformed', 'Parameters of a call that changes something go into the body, not the query.')
  }
  const fields = twilioFields(call)
  if (isRefusal(fields)) return fields
  const found = new Map<string, string[]>()
  for (const { name, value } of fields) found.set(name, [...(found.get(name) ?? []), value])
  const twice = [...found].find(([name, values]) => values.length > 1 && !LISTS.includes(name))?.[0]
  return twice === undefined ? found : refusal('amount_invalid', `Send \`${twice}\` once.`, { field: twice })
}

/** A parameter that the route is not known to take may change what it costs. */
export function strayParameter(parameters: Parameters, known: readonly string[]): Refusal | null {
  const stray = [...parameters.keys()].find((name) => !known.includes(name))
  return stray === undefined
    ? null
    : refusal('route_unknown', `What \`${stray}\` costs on this route is not known: leave it out.`)
}

/** Empty when it is not given. */
export function parameter(parameters: Parameters, name: string): string {
  return parameters.get(name)?.[0] ?? ''
}

/** Whether a flag is set. What is neither empty nor some `false` counts: twilio-python 8 and others send `True`. */
export function isOn(parameters: Parameters, name: string): boolean {
  return !/^(false)?$/i.test(parameter(parameters, name))
}
