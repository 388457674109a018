import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, release } from 'node:os'

/** What a figure must be read with. */
export function machineLines(): string[] {
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  return [
    `${model}, ${availableParallelism()} cores, Linux ${release()}`,
    `Node ${process.version}, Redis ${version('redis-server', '--version')}, nginx ${version('nginx', '-v')}, wrk ${version('wrk', '-v')}`,
  ]
}

/** The first thing that looks like a version in what a program says of itself. */
function version(command: string, flag: string): string {
  const { stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? 'missing'
}

/** Whose work else was on the cores: load average of the last minute. */
export function loadLine(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}
