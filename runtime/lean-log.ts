import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import type { LogFn } from 'pino'
import type { Log } from './log.ts'
import { SECRET_FIELDS } from './redaction.ts'
import { sparing } from './sparing-log.ts'
import { systemTimers } from './timers.ts'

/** As pino numbers them. */
const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
const SILENT = 100
const CENSOR = '[secret]'
const STDERR = 2
/** A reader that lags behind loses lines; the process does not wait for it. */
const MOST_TRIES = 20

type Level = keyof typeof LEVELS

/** The same lines as `createLog`'s without its weight: for the sidecar, of which there is one in every Pod. */
export function createLeanLog(name: string, level = 'info'): Log {
  const from = level === 'silent' ? SILENT : LEVELS[Object.hasOwn(LEVELS, level) ? (level as Level) : 'info']
  const base = { pid: process.pid, hostname: hostname(), name }
  const at = (of: Level): LogFn => {
    if (LEVELS[of] < from) return () => undefined
    return (first: unknown, second?: unknown) => {
      const [fields, message] = typeof first === 'string' ? [{}, first] : [first, second]
      write(leanLine({ level: LEVELS[of], time: Date.now(), ...base }, fields, message))
    }
  }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') }
  return sparing(log, systemTimers)
}

/** One line of the log: what is secret by its name is censored at the top and one level down. */
export function leanLine(head: object, fields: unknown, message: unknown): string {
  const own = fields instanceof Error ? { err: fields } : (fields as object | null | undefined)
  const line: Record<string, unknown> = { ...head }
  for (const [name, value] of Object.entries(own ?? {})) line[name] = name === 'err' ? ofError(value) : value
  for (const [name, value] of Object.entries(line)) line[name] = censored(name, value, 1)
  if (typeof message === 'string') line['msg'] = message
  return `${JSON.stringify(line)}\n`
}

function censored(name: string, value: unknown, levelsDown: number): unknown {
  if (SECRET_FIELDS.has(name) && value !== undefined) return CENSOR
  if (levelsDown === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([inner, one]) => [inner, censored(inner, one, levelsDown - 1)] as const)
  return Object.fromEntries(entries)
}

/** Its kind, its sentences with those of its causes, and where it came from. */
function ofError(value: unknown): unknown {
  if (!(value instanceof Error)) return value
  const { message, stack, cause, ...more } = value as Error & Record<string, unknown>
  const told = cause instanceof Error ? `${message}: ${cause.message}` : message
  const way = cause instanceof Error ? `${stack ?? ''}\ncaused by: ${cause.stack ?? ''}` : stack
  return { type: value.constructor.name, message: told, stack: way, ...more }
}

function write(line: string): void {
  let rest: Buffer = Buffer.from(line)
  for (let tries = 0; rest.length > 0 && tries < MOST_TRIES; tries += 1) {
    try {
      rest = rest.subarray(writeSync(STDERR, rest))
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}
