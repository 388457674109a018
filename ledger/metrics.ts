import type { MetricTable } from '../runtime/metrics.ts'

const CALL_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 120]

/** What the ledger counts; every name is prefixed with `jobcap_`. */
export const LEDGER_METRICS = {
  ledger_calls_total: {
    kind: 'counter',
    help: 'Calls by how they ended: settled, replayed, released, in_doubt, read, refused.',
    labels: ['vendor', 'end'],
  },
  ledger_refusals_total: { kind: 'counter', help: 'Refusals by code.', labels: ['code'] },
  ledger_vendor_seconds: {
    kind: 'histogram',
    help: 'Time from the send to the last byte of the answer, seconds.',
    labels: ['vendor'],
    buckets: CALL_SECONDS,
  },
  ledger_sends_open: { kind: 'gauge', help: 'Sends out at vendors now.', labels: [] },
  ledger_alarms_total: {
    kind: 'counter',
    help: 'What must not happen and a person must look at: a second answer, a refused vendor secret, a store fault.',
    labels: ['reason'],
  },
  ledger_repairs_total: {
    kind: 'counter',
    help: 'Unresolved calls that were taken up again, by result.',
    labels: ['result'],
  },
} as const satisfies MetricTable
