import { type Logger, pino } from 'pino'
import { REDACTED_PATHS } from './redaction.ts'
import { sparing } from './sparing-log.ts'
import { systemTimers } from './timers.ts'

/** Structured log of one process, newline-delimited JSON on standard error. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

/** `level`: one of pino's (`debug`, `info`, `warn`, `error`, `silent`), default `info`. */
export function createLog(name: string, level = 'info'): Log {
  const log = pino(
    { name, level, redact: { paths: [...REDACTED_PATHS], censor: '[secret]' } },
    pino.destination({ fd: 2, sync: true }),
  )
  return sparing(log, systemTimers)
}
