import type { Answer } from './vendor.ts'

/** What a stand-in for a language model says, and what it counts. */
export interface Talk {
  /** Without the switches. */
  readonly heard: string
  readonly words: readonly string[]
  /** `#name=value` in what it was told, such as `#tokens=500`. */
  readonly switches: ReadonlyMap<string, string>
}

const SWITCH = /#([a-z_]+)=(\S+)/g

/**
 * Reads what a conversation's last words tell the stand-in to do: `#tokens=N` writes so many tokens, `#cached=N` had so
 * many of the input in its cache, `#written=N` and `#written_hour=N` took them up, `#reasoning=N` thought so many,
 * `#usage=missing|negative|fraction|huge` counts wrongly, `#tier=NAME` was served so, `#tool=NAME` calls a tool,
 * `#bytes=N` makes each piece so long.
 */
export function listen(text: string): Talk {
  const switches = new Map([...text.matchAll(SWITCH)].map(([, name = '', value = '']) => [name, value]))
  const heard = text.replaceAll(SWITCH, '').trim()
  const count = numberIn(switches, 'tokens') ?? heard.split(/\s+/).length
  const piece = '–'.repeat(Math.floor((numberIn(switches, 'bytes') ?? 0) / 3))
  return { heard, switches, words: Array.from({ length: count }, (_, at) => `wörd${at}${piece} `) }
}

export function numberIn(switches: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = switches.get(name)
  return value === undefined ? undefined : Number(value)
}

/** Roughly how a model would count: four bytes a token, and a few for each message. */
export function tokensOf(text: string, messages: number): number {
  return Math.ceil(Buffer.byteLength(text) / 4) + 4 * messages + 3
}

/** A JSON answer. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>>): Answer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

/** An answer that comes in parts, as server-sent events. */
export function eventStream(events: () => Iterable<string>, headers: Readonly<Record<string, string>>): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', ...headers },
    body: '',
    parts: events,
  }
}

/** The JSON object in a body; undefined where there is none. */
export function objectIn(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** All text in a message, a list of messages or of their parts; pictures count nothing here. */
export function textIn(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textIn).join(' ')
  if (typeof value !== 'object' || value === null) return ''
  const { text, content, input, output } = value as Record<string, unknown>
  return [text, content, input, output]
    .map(textIn)
    .filter((part) => part !== '')
    .join(' ')
}
