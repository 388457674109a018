import type { LogFn, Logger } from 'pino'
import type { Timers } from './timers.ts'

const SAID_AGAIN_AFTER_MS = 10_000

type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

interface Held {
  times: number
  fields: object
}

/**
 * What stays broken fails again and again: a Redis that is away several times a second. A warning is written at once; the
 * same one, in every word, then once in ten seconds, and `times` says how often it was meant since.
 */
export function sparing(log: Log, timers: Timers): Log {
  const open = new Map<string, Held>()
  const at = (level: 'warn' | 'error'): LogFn => {
    const write = (fields: object, message: string | undefined) => {
      if (message === undefined) log[level](fields)
      else log[level](fields, message)
    }
    const sayAgainLater = (key: string, message: string | undefined) =>
      timers.after(SAID_AGAIN_AFTER_MS, () => {
        const held = open.get(key)
        open.delete(key)
        if (held === undefined || held.times === 0) return
        write({ ...held.fields, times: held.times }, message)
        open.set(key, { times: 0, fields: {} })
        sayAgainLater(key, message)
      })
    return (first: unknown, second?: unknown) => {
      const [fields, message] =
        typeof first === 'string' ? [{}, first] : [fieldsOf(first), second as string | undefined]
      const key = JSON.stringify([level, message, fields], withoutWays)
      const held = open.get(key)
      if (held !== undefined) {
        held.times += 1
        held.fields = fields
        return
      }
      open.set(key, { times: 0, fields: {} })
      write(fields, message)
      sayAgainLater(key, message)
    }
  }
  return {
    debug: log.debug.bind(log),
    info: log.info.bind(log),
    warn: at('warn'),
    error: at('error'),
    fatal: log.fatal.bind(log),
  }
}

const fieldsOf = (first: unknown): object => (first instanceof Error ? { err: first } : (first as object))

/** Of an error its sentence: the way it came is another one each time. */
function withoutWays(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value
}
