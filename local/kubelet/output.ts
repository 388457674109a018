import { execFileSync } from 'node:child_process'
import { closeSync, constants, createWriteStream, openSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'

export interface ContainerOutput {
  /** The writing end, to be handed to the container and closed with `release`. */
  readonly fd: number
  release(): void
  /** Resolves when all writers are gone and the last line is in the log. */
  readonly ended: Promise<void>
}

export interface OutputTaker {
  readonly onLine: (line: string) => void
  /** Once, when the log cannot be written; lines go on to come. */
  readonly onNote: (text: string) => void
}

/**
 * Takes a container's standard output and error, in the order they were written: each line to the log file and to
 * `to`. A named pipe, because a program may open /dev/stdout again, which the socket pairs that `spawn` makes refuse.
 */
export function openOutput(pipePath: string, logPath: string, to: OutputTaker): ContainerOutput {
  execFileSync('mkfifo', ['-m', '600', pipePath])
  const readEnd = openSync(pipePath, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeEnd = openSync(pipePath, constants.O_WRONLY)
  unlinkSync(pipePath)
  const source = new Socket({ fd: readEnd, readable: true, writable: false })
  const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 })
  // A full disk costs lines of the log, not the Job.
  log.on('error', (fault) => to.onNote(`${logPath} is not complete: ${fault.message}`))
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on('line', (line) => {
    log.write(`${line}\n`)
    to.onLine(line)
  })
  const ended = new Promise<void>((resolve) => {
    lines.once('close', () => log.end(() => resolve()))
  })
  return { fd: writeEnd, release: () => closeSync(writeEnd), ended }
}
