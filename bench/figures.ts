/** One figure of the last line. */
export interface Figure {
  readonly key: string
  readonly goal: number
  /** `make bench` fails on a figure that is worse. */
  readonly worst: number
  readonly isMoreBetter: boolean
}

const atLeast = (key: string, goal: number, worst: number): Figure => ({ key, goal, worst, isMoreBetter: true })
const atMost = (key: string, goal: number, worst: number): Figure => ({ key, goal, worst, isMoreBetter: false })

/** What the call path is held to: ratios inside one round, because machines differ by half in absolute time. */
export const FIGURES: readonly Figure[] = [
  atLeast('ratio_two_nginx_c20', 0.24, 0.15),
  atMost('added_p50_over_direct_c1', 8, 13),
  atMost('added_p99_over_direct_p50_c1', 25, 45),
  atMost('cpu_sidecar_over_nginx', 3.8, 5.7),
  atMost('cpu_ledger_over_nginx', 5.5, 8.3),
  atMost('cpu_redis_over_nginx', 3.8, 4.7),
  atLeast('redis_pairs_over_evalsha', 0.16, 0.13),
  atMost('start_over_empty_node', 1.7, 2.2),
  atMost('sidecar_idle_mib', 52, 60),
  atMost('sidecar_after_10k_mib', 65, 85),
  atLeast('ratio_portkey_c20', 6, 4),
  atMost('tls_cost_percent', 15, 20),
  atMost('recognise_over_undici_relay', 0.15, 0.3),
  atMost('recognise_growth_64kib', 1, 1.3),
  atLeast('stream_calls_over_relay', 0.8, 0.03),
  atLeast('stream_chunks_over_relay', 0.8, 0.1),
  atLeast('stream_paced_over_relay', 0.8, 0.2),
  atMost('stream_first_byte_hops', 2, 60),
  atMost('stream_100mib_growth_mib', 8, 32),
]

export type Measured = Readonly<Record<string, number>>

/** Sentences about figures that are worse than they may be; of those that were not measured nothing is said. */
export function broken(measured: Measured): string[] {
  return FIGURES.filter((figure) => isBeyond(measured[figure.key], figure.worst, figure)).map(
    ({ key, worst, isMoreBetter }) =>
      `${key} is ${measured[key]}, and must never be ${isMoreBetter ? 'below' : 'above'} ${worst}`,
  )
}

/** `reached`, `missed`, `broken`, or empty when it was not measured. */
export function standing(figure: Figure, measured: Measured): string {
  const value = measured[figure.key]
  if (value === undefined) return ''
  if (isBeyond(value, figure.worst, figure)) return 'broken'
  return isBeyond(value, figure.goal, figure) ? 'missed' : 'reached'
}

function isBeyond(value: number | undefined, bound: number, { isMoreBetter }: Figure): boolean {
  if (value === undefined) return false
  // A figure that is no number was not measured as it should have been.
  return Number.isNaN(value) || (isMoreBetter ? value < bound : value > bound)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Three significant digits, or two behind the point. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(3))
}
