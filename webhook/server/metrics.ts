import type { MetricTable } from '../../runtime/metrics.ts'

/** What admission counts. */
export const WEBHOOK_METRICS = {
  admission_reviews_total: {
    kind: 'counter',
    help: 'Reviews answered, by what was done or why not.',
    labels: ['code'],
  },
  admission_seconds: {
    kind: 'histogram',
    help: 'Time from the body of a review to its answer.',
    labels: [],
    buckets: [0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.02, 0.05, 0.1],
  },
} as const satisfies MetricTable
