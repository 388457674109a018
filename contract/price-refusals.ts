import { caller, operator, type RefusalEntry } from './refusal-entry.ts'

/** Of the catalogue: refusals for what a call would cost. */
export const PRICE_REFUSALS = {
  cap_exhausted: operator(
    429,
    'The call would pass a spending cap, so it was not sent.',
    'The message names the cap. One of the run: `jobcap runs raise JOB`, or a Job that continues it with a higher jobcap.dev/cap-usd; of a key: `jobcap keys raise`. One of a day: wait until `resets_at`, or raise it in the policy.',
  ),
  cap_missing: operator(
    503,
    'The run has no account in the store, so nothing can be reserved.',
    'The store was altered, or has lost records unnoticed: put a copy back. A new Job would charge again.',
  ),
  amount_invalid: caller(
    400,
    'The amount of the call cannot be read without doubt, so it was not sent.',
    'Send the amount once, as a positive whole number of minor units.',
  ),
  model_unknown: operator(
    403,
    'What the model of the call costs is not known, so it was not sent.',
    'Declare the model with its prices under `models` of the vendor in the policy.',
  ),
  price_unbounded: operator(
    403,
    'What the call could cost has no upper bound that is known here, so it was not sent.',
    'Leave out what the message names, or declare it in the policy as the message says.',
  ),
  currency_unknown: operator(
    400,
    'The currency has no rate in the policy.',
    'Add it to `currencies.usdMicrosPerMajorUnit` of the policy.',
  ),
} satisfies Record<string, RefusalEntry>
