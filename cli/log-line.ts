/** A line of a log of ours, newline-delimited JSON, as a person wants it. */
export interface LogLine {
  readonly isWarning: boolean
  /** Message, reason and vendor in one sentence, without time and ids. */
  readonly text: string
}

interface Logged {
  readonly level?: unknown
  readonly msg?: unknown
  readonly err?: { readonly message?: unknown }
  readonly [field: string]: unknown
}

/** From here on a line is a person's business: pino's `warn`. */
const WARN_LEVEL = 40
/** Fields that say why, the most telling first. */
const REASONS = ['problem', 'reason', 'code'] as const

/** Undefined when the line is not of such a log. */
export function readLogLine(line: string): LogLine | undefined {
  const logged = parse(line)
  if (typeof logged?.level !== 'number' || typeof logged.msg !== 'string') return undefined
  const why = [logged.err?.message, ...REASONS.map((name) => logged[name])].find((one) => typeof one === 'string')
  const of = typeof logged['vendor'] === 'string' ? ` (vendor ${logged['vendor']})` : ''
  const text = `${why === undefined ? logged.msg : `${logged.msg.replace(/\.$/, '')}: ${why}`}${of}`
  return { isWarning: logged.level >= WARN_LEVEL, text }
}

/** Why a process did not start, from its log; undefined when the line says nothing of it. */
export function readStartProblem(line: string): string | undefined {
  const logged = parse(line)
  const message = logged?.msg === 'start failed' ? logged.err?.message : undefined
  return typeof message === 'string' ? message : undefined
}

function parse(line: string): Logged | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Logged
  } catch {
    return undefined
  }
}
