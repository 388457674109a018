import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a process counts, as one table: the name is the metric's after `jobcap_`. */
export interface MetricRow {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in the unit that the name ends in. */
  readonly buckets?: readonly number[]
}

export type MetricTable = Readonly<Record<string, MetricRow>>

export interface Metrics<Table extends MetricTable> {
  /** Adds to a counter, default 1. */
  count(name: keyof Table & string, labels: Readonly<Record<string, string>>, by?: number): void
  /** Sets a gauge. */
  set(name: keyof Table & string, labels: Readonly<Record<string, string>>, value: number): void
  /** Records one value in a histogram. */
  observe(name: keyof Table & string, labels: Readonly<Record<string, string>>, value: number): void
  /** All of them in Prometheus' text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** A registry of its own for each process; Node's own metrics included. */
export function createMetrics<Table extends MetricTable>(table: Table): Metrics<Table> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const made = new Map(Object.entries(table).map(([name, row]) => [name, make(name, row, registry)]))
  return {
    count: (name, labels, by = 1) => (made.get(name) as Counter).inc(labels, by),
    set: (name, labels, value) => (made.get(name) as Gauge).set(labels, value),
    observe: (name, labels, value) => (made.get(name) as Histogram).observe(labels, value),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function make(name: string, row: MetricRow, registry: Registry): Counter | Gauge | Histogram {
  const options = { name: `jobcap_${name}`, help: row.help, labelNames: [...row.labels], registers: [registry] }
  switch (row.kind) {
    case 'counter':
      return new Counter(options)
    case 'gauge':
      return new Gauge(options)
    case 'histogram':
      return new Histogram({ ...options, ...(row.buckets === undefined ? {} : { buckets: [...row.buckets] }) })
  }
}
