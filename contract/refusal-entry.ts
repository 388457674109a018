/** Who must act on a refusal. */
export type Actor = 'caller' | 'operator' | 'vendor' | 'us'

/** What the catalogue says of one code. */
export interface RefusalEntry {
  /** HTTP status. */
  readonly status: number
  readonly actor: Actor
  /** Whether an SDK may ask again by itself; becomes `x-should-retry` and `Stripe-Should-Retry`. */
  readonly isRetryable: boolean
  /** Holds for every further call of the run: proxy and issuer exit 93. */
  readonly endsRun?: true
  /** What happened, one sentence, without names or figures. */
  readonly summary: string
  /** What to do about it. */
  readonly wayOut: string
}

/** The caller must act; not retryable. */
export function caller(status: number, summary: string, wayOut: string) {
  return { status, actor: 'caller', isRetryable: false, summary, wayOut } as const
}

/** An operator must act; not retryable. */
export function operator(status: number, summary: string, wayOut: string) {
  return { status, actor: 'operator', isRetryable: false, summary, wayOut } as const
}

/** jobcap must act, or time; retryable. */
export function us(status: number, summary: string, wayOut: string) {
  return { status, actor: 'us', isRetryable: true, summary, wayOut } as const
}

/** The vendor’s doing; not retryable unless the entry says so. */
export function vendor(status: number, summary: string, wayOut: string) {
  return { status, actor: 'vendor', isRetryable: false, summary, wayOut } as const
}
