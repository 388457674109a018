import type { CapLevelName } from '../../contract/call.ts'
import { CAP_USD_ANNOTATION } from '../../contract/labels.ts'
import type { Refusal } from '../../contract/refusals.ts'
import type { Caller } from '../../store/store.ts'

const NAMES_OF_A_KEY: Readonly<Partial<Record<CapLevelName, string>>> = {
  run: "The key's cap",
  run_day: "The key's daily cap",
}

/** A refusal by a cap, with what to do about it: apps show little else than the message. */
export function withWayOn(refused: Refusal, level: CapLevelName, { keyId, pod }: Caller): Refusal {
  const wayOn = wayOnOf(level, { keyId, isOfRun: pod !== null, resetsAt: refused.details?.['resets_at'] })
  // A held day says itself what opens it; no other refusal has figures of a cap.
  if (refused.code !== 'cap_exhausted' || refused.message.includes('`jobcap caps open`')) return refused
  // What a person made has no run: the account is the key's own.
  const message =
    pod === null ? refused.message.replace(/^The \w+ cap/, NAMES_OF_A_KEY[level] ?? '$&') : refused.message
  return { ...refused, message: `${message} To go on: ${wayOn}.` }
}

interface Spent {
  readonly keyId: string
  readonly isOfRun: boolean
  /** Of a cap of a day: when the next begins. */
  readonly resetsAt: unknown
}

function wayOnOf(level: CapLevelName, { keyId, isOfRun, resetsAt }: Spent): string {
  switch (level) {
    case 'run':
      return `jobcap keys raise ${keyId} --cap-usd USD${
        isOfRun ? `, or a Job that continues the run with a higher ${CAP_USD_ANNOTATION}` : ''
      }`
    case 'run_day':
      return `wait until ${String(resetsAt)}, or jobcap keys raise ${keyId} --daily-cap-usd USD`
    case 'policy_day':
    case 'policy_vendor_day':
    case 'policy_namespace_day':
    case 'policy_class_day':
      return `wait until ${String(resetsAt)}, or raise that cap in the policy`
  }
}
