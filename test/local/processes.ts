import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** How many processes of this machine have `word` in their command line. */
export function countProcesses(word: string): number {
  return processesWith(word).length
}

/** Resolves when all processes with `word` in their command line have ended; `tail` waits for others' children too. */
export async function untilNoProcess(word: string): Promise<void> {
  for (const pid of processesWith(word)) {
    const waiting = spawn('tail', ['-s', '0.02', `--pid=${pid}`, '-f', '/dev/null'])
    await new Promise((resolve) => waiting.once('exit', resolve))
  }
}

function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(word))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
