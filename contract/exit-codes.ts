/**
 * Exit codes of what we put in a user's Pod. 93 is named in the Job's `podFailurePolicy`: the Job fails at once,
 * because another Pod would be refused the same.
 */
export const EXIT_RUN_REFUSED = 93
/** Issuer: the ledger, or then the proxy of its own Pod, did not answer in time. Another Pod may have more luck. */
export const EXIT_UNREACHABLE = 75
/** Issuer or proxy: started with settings it cannot work with. */
export const EXIT_MISCONFIGURED = 78
/** Issuer: the ledger refuses this Pod, for example because it is ending. Another Pod of the Job may be accepted. */
export const EXIT_POD_REFUSED = 77
