import { readFileSync } from 'node:fs'

/**
 * Names a running process so that a later one with its number is not taken for it: `PID-STARTED`. STARTED is field 22
 * of /proc/PID/stat, clock ticks since the machine started (proc(5)); a system without /proc has only the number.
 * Undefined when there is no such process.
 */
export function markOf(pid: number): string | undefined {
  return isRunning(pid) ? `${pid}-${startedAt(pid)}` : undefined
}

/** Whether the process that a mark names still runs. Text that is no mark names none. */
export function isOwnerAlive(mark: string): boolean {
  const pid = Number(/^(\d+)-/.exec(mark)?.[1] ?? 0)
  return pid > 0 && markOf(pid) === mark
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function startedAt(pid: number): string {
  try {
    // The command's name, in brackets, may hold anything; what follows it are numbers.
    const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?!.*\) )/s)
    return fields.split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
