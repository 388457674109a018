/** Operators, and clients without a Job: make a vault key. */
export const KEYS_ROUTE = '/vault/keys'
/** Pods: a Pod token for a Pod credential. */
export const EXCHANGE_ROUTE = '/vault/keys/exchange'
/** Sidecars: what the apps have read. */
export const SEEN_ROUTE = '/seen'
/** Operators: the record, newline-delimited JSON. */
export const AUDIT_ROUTE = '/audit'
/** Operators: the runs, their Jobs and their keys. */
export const RUNS_ROUTE = '/runs'
/** Operators: the policies in use, what is spent under them today, and which of their secrets are there. */
export const POLICIES_ROUTE = '/policies'
/** Operators: a person's word on a call in doubt, `POST /calls/{call_id}/resolve`. */
export const CALLS_ROUTE = '/calls'
/** Operators: opens the day caps again after `--restored`. */
export const OPEN_CAPS_ROUTE = '/caps/open'
/** Operators: a person goes on without the journal of a replica, `POST /journals/{replica}/given-up`. */
export const JOURNALS_ROUTE = '/journals'
/** Whether the process lives. */
export const HEALTH_ROUTE = '/healthz'
/** Whether it can serve, and if not why. */
export const READY_ROUTE = '/readyz'
/** Prometheus' text format. */
export const METRICS_ROUTE = '/metrics'
/** First path segments that no vendor may be named after. */
export const RESERVED_SEGMENTS = [
  'vault',
  'seen',
  'audit',
  'runs',
  'calls',
  'caps',
  'journals',
  'policies',
  'healthz',
  'readyz',
  'metrics',
  '_jobcap',
] as const
/** In the Pod, to the sidecar: a new walk through the work begins. */
export const BEGIN_ROUTE = '/_jobcap/begin'
