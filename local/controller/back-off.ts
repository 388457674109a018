/** How long a Job waits after failed Pods before it makes the next. */
export interface BackOff {
  /** Delay after the first failure; doubles with each one in a row. Kubernetes: 10 s. */
  readonly baseMs: number
  /** Kubernetes: 10 minutes. */
  readonly maxMs: number
}
