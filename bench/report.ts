import { formatTable } from '../cli/table.ts'
import { FIGURES, type Measured, median, standing } from './figures.ts'
import { machineLines } from './machine.ts'
import type { GrowthRow } from './measures/growth.ts'
import type { Round, Run } from './measures/rounds.ts'

export function machineTable(about: {
  readonly rounds: number
  readonly seconds: number
  readonly loadBefore: string
  readonly loadAfter: string
}): string {
  const { rounds, seconds, loadBefore, loadAfter } = about
  const load = `load average ${loadBefore} before, ${loadAfter} after (this run's own work included)`
  return ['', ...machineLines(), `${rounds} rounds of ${seconds} s a run, medians; ${load}`, ''].join('\n')
}

/** Medians over the rounds. */
export function comparisonTable(rounds: readonly Round[]): string {
  const keys = Object.keys(rounds[0] ?? {}).sort()
  const middle = (key: string, pick: (run: Run) => number) =>
    median(rounds.flatMap((round) => (round[key] === undefined ? [] : [pick(round[key])])))
  const rows = keys.map((key) => {
    const parts = Object.keys(rounds[0]?.[key]?.cpuUs ?? {})
    const cpu = parts.map((part) => `${part} ${middle(key, ({ cpuUs }) => cpuUs[part] ?? 0).toFixed(0)}`)
    return [
      key,
      middle(key, ({ callsPerSecond }) => callsPerSecond).toFixed(0),
      middle(key, ({ p50Us }) => p50Us / 1000).toFixed(3),
      middle(key, ({ p99Us }) => p99Us / 1000).toFixed(3),
      cpu.join(' · '),
    ]
  })
  return formatTable(['', 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs a call'], rows)
}

export function growthTable(rows: readonly GrowthRow[]): string {
  return formatTable(
    ['what grows', 'to', 'what that comes to'],
    rows.map(({ what, size, measured }) => [what, size, measured]),
  )
}

export function figureTable(measured: Measured): string {
  const rows = FIGURES.map((figure) => {
    const { key, goal, worst, isMoreBetter } = figure
    const value = measured[key]
    const sign = isMoreBetter ? '≥' : '≤'
    return [
      key,
      value === undefined ? '–' : String(value),
      `${sign} ${goal}`,
      `${sign} ${worst}`,
      standing(figure, measured),
    ]
  })
  return formatTable(['figure', 'measured', 'goal', 'never worse than', ''], rows)
}
