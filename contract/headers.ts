/** Every header of ours begins so. A request of an app that carries one is refused. */
export const JOBCAP_HEADER_PREFIX = 'jobcap-'
/** Sidecar → ledger: the claims of a call, see `claims-header.ts`. */
export const CLAIMS_HEADER = 'jobcap-claims'
/** Sidecar → ledger, with a read: where the app calls the vendor, `http://localhost:8080/twilio`. */
export const BASE_HEADER = 'jobcap-base'
/** Ledger → sidecar: the note beside an answer, JSON. Taken off before the app gets the answer. */
export const NOTE_HEADER = 'jobcap-note'
/** To the app: the code of a refusal of ours. */
export const REFUSED_HEADER = 'jobcap-refused'
/** To the app: `true` when the answer comes from the stored record. */
export const REPLAYED_HEADER = 'jobcap-replayed'
/** To the app: the id of the recorded call. */
export const CALL_ID_HEADER = 'jobcap-call-id'
/** To the app, with a refusal: whether an SDK may try again, in the two spellings that SDKs read. */
export const SHOULD_RETRY_HEADERS = ['x-should-retry', 'stripe-should-retry'] as const
/** Claims may take this many bytes of the request's headers; Node answers 431 above 16 KiB in all. */
export const MAX_CLAIMS_BYTES = 8 * 1024

/** RFC 9110, section 7.6.1: they speak of one connection, so each hop drops them. Lower case. */
export const HOP_BY_HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
