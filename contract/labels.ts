/** On a namespace: `enabled` turns injection on. */
export const INJECT_LABEL = 'jobcap.dev/inject'
/** On a Job or a namespace: the name of the policy that applies. */
export const POLICY_LABEL = 'jobcap.dev/policy'
/** The policy that applies where neither Job nor namespace names one. */
export const DEFAULT_POLICY = 'default'

/** On a Job: dollars the run may spend, decimal text. */
export const CAP_USD_ANNOTATION = 'jobcap.dev/cap-usd'
/** On a Job: endpoints the run may call, `METHOD /path` separated by commas; a subset of the policy's. */
export const ALLOWED_ENDPOINTS_ANNOTATION = 'jobcap.dev/allowed-endpoints'
/** On a Job: name or UID of an earlier Job of the namespace whose run this one joins. */
export const CONTINUES_ANNOTATION = 'jobcap.dev/continues'
/** On a Job: a key that names the work; all Jobs of the namespace with it are one run, one living Job at a time. */
export const RUN_KEY_ANNOTATION = 'jobcap.dev/run-key'
/** On a Job: `"true"` asks to be left alone; the policy decides whether it may. */
export const OPT_OUT_ANNOTATION = 'jobcap.dev/opt-out'
/** On a Job: `keep` leaves `restartPolicy: OnFailure` as it is; paid calls then need named keys. */
export const RESTART_POLICY_ANNOTATION = 'jobcap.dev/restart-policy'
/** Written by admission on the Pod template: the run's terms as asked, JSON (`TermsAsked`). */
export const TERMS_ANNOTATION = 'jobcap.dev/terms'
/** Written by admission on the Pod template: the version of the plan that injected it. */
export const INJECTED_ANNOTATION = 'jobcap.dev/injected'

/** Written by admission on a Job that it left alone where it injects: the code of the reason. */
export const SKIPPED_ANNOTATION = 'jobcap.dev/skipped'

/** Kubernetes' own: the completion index of a Pod of an Indexed Job. */
export const COMPLETION_INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index'

/** The init container that exchanges the Pod token for the first credential. */
export const ISSUER_CONTAINER = 'jobcap-issuer'
/** The native sidecar that relays the calls. */
export const PROXY_CONTAINER = 'jobcap-proxy'
/** Projected service-account token, mounted in issuer and proxy only. */
export const TOKEN_VOLUME = 'jobcap-token'
/** Memory volume with the Pod credential and the proxy's own files, mounted in issuer and proxy only. */
export const CREDENTIAL_VOLUME = 'jobcap-credential'
/** Where issuer and proxy find the Pod token’s volume. */
export const TOKEN_MOUNT_PATH = '/var/run/jobcap/token'
/** The Pod token’s file in its volume. */
export const TOKEN_FILE = 'token'
/** Where issuer and proxy find the credential volume. */
export const CREDENTIAL_MOUNT_PATH = '/var/run/jobcap/credential'
/** Audience of the projected token. */
export const TOKEN_AUDIENCE = 'jobcap'
/** Port of the proxy inside the Pod, on 127.0.0.1 and ::1. */
export const PROXY_PORT = 8080
