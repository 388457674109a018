import { FORM_REFUSALS } from './form-refusals.ts'
import { PRICE_REFUSALS } from './price-refusals.ts'
import { caller, operator, type RefusalEntry, us, vendor } from './refusal-entry.ts'

/** The catalogue: every refusal that jobcap gives instead of a vendor's answer. `docs/errors.md` is generated from it. */
export const REFUSALS = {
  // Who are you?
  credential_missing: caller(
    401,
    'The call carries no vault key or Pod credential.',
    'Send it as Authorization: Bearer <vault key>, or call through the sidecar on localhost:8080.',
  ),
  credential_invalid: caller(
    401,
    'The vault key or Pod credential is not one of this ledger.',
    'Create a key with `jobcap keys create`, or let the issuer exchange the Pod token again.',
  ),
  credential_expired: caller(
    401,
    'The Pod credential has expired, or the store has lost whose it is.',
    'The sidecar renews it by itself; if this stays, look at the sidecar log for why the exchange is refused.',
  ),
  credential_wrong_scope: caller(
    403,
    'The credential belongs to another run, index or Pod.',
    'Each Pod uses only the credential that was issued to it.',
  ),
  pod_token_invalid: caller(
    401,
    'The Pod token was refused: wrong audience, expired, badly signed, or its Pod is gone.',
    'Let the kubelet refresh the projected token; check that its audience is `jobcap`.',
  ),
  pod_ending: caller(
    403,
    'The Pod is terminating or has ended, so it gets no credential.',
    'Nothing: the replacement Pod gets one.',
  ),
  key_unknown: caller(404, 'There is no vault key with this id.', 'List the keys with `jobcap keys list`.'),
  run_unknown: caller(
    404,
    'There is no run with this id, or no such Job in it. The end of a Job without a run is remembered.',
    'List the runs with `jobcap runs list`.',
  ),
  call_not_in_doubt: caller(
    404,
    'There is no call with this id whose outcome is in doubt.',
    'Look for `call.in_doubt` without a later `call.settled` in the audit record.',
  ),
  journal_not_waited_for: caller(
    404,
    'No journal of such a replica is waited for, so there is nothing to give up.',
    'Run `jobcap doctor`: it names the replicas whose journals are missing.',
  ),
  key_revoked: {
    ...operator(
      401,
      'The vault key was revoked by a person.',
      'Create a new Job or key; a revoked run cannot be continued.',
    ),
    endsRun: true,
  },
  key_ended: {
    ...caller(
      401,
      'The run has ended, so its vault key admits no further call.',
      'Apply a Job that continues the run, or a new Job.',
    ),
    endsRun: true,
  },
  key_expired: {
    ...operator(
      401,
      'The vault key has passed its expiry.',
      'Set a longer `expiresIn` in the policy, or continue the run with a new Job.',
    ),
    endsRun: true,
  },
  operator_denied: caller(
    401,
    'This route is for operators and the token is missing or wrong.',
    'Pass the operator token with `--token-file` (the file `operator-token` in the state folder of the ledger).',
  ),
  operator_forbidden: caller(
    403,
    'The cluster knows you, but its RBAC does not let you do this.',
    'Have a Role or ClusterRole bound to you with this verb on this resource of `jobcap.dev`.',
  ),

  // May this be called?
  // Admission refuses a Job without one, so a run that meets this had one that is being made anew, or was taken away.
  policy_missing: {
    ...operator(
      503,
      'No policy of this name is loaded, so nothing was sent.',
      'Create the CapPolicy: runs that were under one of this name go on, under the new one and what they have spent. Or correct the label jobcap.dev/policy.',
    ),
    isRetryable: true,
  },
  namespace_not_selected: {
    ...operator(
      403,
      'The policy may not be used from this namespace.',
      'Change namespaceSelector in the policy, or name another policy.',
    ),
    endsRun: true,
  },
  terms_exceed_policy: {
    ...caller(
      403,
      'The Job asks for more than the policy allows.',
      'Lower the annotation to the figure in the message, or raise `max` in the policy.',
    ),
    endsRun: true,
  },
  vendor_unknown: operator(
    404,
    'The policy names no such vendor.',
    'Add the vendor to the policy, or correct the path prefix or host name.',
  ),
  endpoint_not_allowed: operator(
    403,
    'The endpoint is not among the allowed ones.',
    'Add it to allowedEndpoints of the policy, or to the Job annotation.',
  ),
  route_unknown: operator(
    403,
    'What this mutating route costs is not known, so it is refused.',
    'Declare the route with its price in the policy (for a route of Stripe whose amount only Stripe knows, a line of `maximums`), or call a known one.',
  ),
  restart_needs_named_key: caller(
    403,
    'The Job restarts containers in place, so a paid call needs an Idempotency-Key of the app that names the intention.',
    'Send one, or drop the annotation jobcap.dev/restart-policy: keep.',
  ),
  idempotency_key_required: caller(
    400,
    'A mutating call without a sidecar needs an Idempotency-Key.',
    'Send an Idempotency-Key that names what is meant, for example the invoice number.',
  ),

  // What would it cost?
  ...PRICE_REFUSALS,

  // Which call is it?
  stale_request: caller(
    409,
    'A later request of this content has already been judged, so this late copy is dropped.',
    'Nothing: it is a copy of a request that has ended.',
  ),
  stale_attempt: caller(
    409,
    'A newer Pod of this completion index has taken over, so this one makes no new calls.',
    'Nothing: the newer Pod goes on.',
  ),
  ambiguous_repeat: caller(
    409,
    'An earlier answer may or may not have been read before the sidecar restarted, so it is unclear whether this is a retry or a new call.',
    'Let the Pod fail; its replacement counts exactly. Or send an Idempotency-Key that names the intention.',
  ),
  replay_divergence: caller(
    409,
    'An earlier call to the same counterparty with the same amount but other content has not been read, so this may be its repeat.',
    'Keep timestamps and random values out of the body, or send an Idempotency-Key that names the intention.',
  ),
  idempotency_mismatch: caller(
    400,
    'The Idempotency-Key was used before with other content.',
    'Use a new key for a new intention, and the same content under the same key.',
  ),
  earlier_call_unread: {
    ...caller(
      409,
      'The answer of an earlier identical call has been lying unread for 30 s.',
      'Read or close the earlier answer.',
    ),
    isRetryable: true,
  },
  delivery_file_full: caller(
    507,
    'The sidecar has no room left to write down what the app has read, so the call was not sent and nothing was charged.',
    'Divide the work over more completions, or send an Idempotency-Key that names the intention.',
  ),
  answer_not_kept: caller(
    409,
    'The call was made, but its answer was too large to keep for a replay, is damaged in the store, or a person resolved it.',
    'Ask the vendor for the object; the audit record names the call.',
  ),
  begin_too_early: {
    ...caller(
      409,
      'A new walk cannot begin while calls of the Pod are out.',
      'Call /_jobcap/begin before any other process of the Pod calls.',
    ),
    isRetryable: true,
  },

  // Continuing a run.
  continue_unknown: {
    ...caller(
      403,
      'There is no run of the Job that is to be continued.',
      'Give the name or UID of an earlier Job of this namespace.',
    ),
    endsRun: true,
  },
  continue_mismatch: {
    ...caller(
      403,
      'The Job differs from the run it would continue.',
      'Use the same namespace, policy, completionMode and completions.',
    ),
    endsRun: true,
  },
  continue_running: {
    ...caller(403, 'A Job of the run to be continued still lives.', 'Wait until it is Complete, Failed or deleted.'),
    endsRun: true,
  },
  continue_revoked: {
    ...operator(403, 'The run was revoked and cannot be continued.', 'Start a new Job, knowing that it charges again.'),
    endsRun: true,
  },
  run_too_old: {
    ...caller(
      403,
      'Records of the run have been pruned, so continuing it could charge twice.',
      'Start a new Job, knowing that it charges again.',
    ),
    endsRun: true,
  },

  ...FORM_REFUSALS,

  // What went wrong.
  ledger_unreachable: us(
    503,
    'The spend ledger did not answer. The call is not recorded as sent; the repeat is the same call.',
    'Nothing: SDKs retry. If it stays, look at the ledger.',
  ),
  ledger_not_ready: us(
    503,
    'The spend ledger is not ready, so nothing was sent.',
    'See /readyz of the ledger, or run `jobcap doctor`.',
  ),
  store_unavailable: us(
    503,
    'The store did not take the reservation, so nothing was sent.',
    'SDKs retry. If it stays, run `jobcap doctor`, which says what the store waits for; else see the ledger log: disk full, read-only.',
  ),
  cap_frozen: {
    ...operator(
      503,
      'After a loss of the store a cap holds more than its limit, so a call that may be out already is not sent again yet.',
      'Wait until calls of that cap have settled, resolve those in doubt, or raise the limit: see `jobcap doctor`.',
    ),
    isRetryable: true,
  },
  vendor_unreachable: {
    ...vendor(
      503,
      'The vendor refused the connection; nothing was sent and nothing is reserved.',
      'Nothing: SDKs retry.',
    ),
    isRetryable: true,
  },
  vendor_secret_refused: operator(
    503,
    'The vendor refused our secret; nothing was charged.',
    'Put the right secret where `secretRef` of the vendor in the policy points; it is read again without a restart.',
  ),
  vendor_secret_missing: operator(
    503,
    'The policy names a vendor secret that cannot be read, so nothing was sent.',
    'Put it where `secretRef` of the vendor in the policy points; no restart is needed.',
  ),
  outcome_pending: us(
    504,
    'The vendor has not answered; the money stays reserved and the repeat is the same call.',
    'Nothing: SDKs retry and get the answer of this call.',
  ),
  answer_lost: {
    ...vendor(
      502,
      'The answer of the model was lost. It counts as paid for, at the most it can have cost; the repeat is bought anew.',
      'Nothing: SDKs ask again, under a new reservation.',
    ),
    isRetryable: true,
  },
  outcome_unknown: vendor(
    502,
    'The call may have taken effect; it is not sent again and its money stays reserved.',
    'Find out at the vendor whether it took effect, then say so: `jobcap doctor` names the call and both commands.',
  ),
  call_in_progress: us(409, 'The same call is being made by another owner.', 'Nothing: SDKs retry and get its answer.'),
} satisfies Record<string, RefusalEntry>

/** What a refusal is called: the code of its JSON body and of its header, and the name of its page. */
export type RefusalCode = keyof typeof REFUSALS
