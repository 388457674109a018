import type { Fault, NewFaultRule } from './faults.ts'
import type { NewHoldRule, Release } from './holds.ts'
import type { Match } from './match.ts'
import { CALL_KINDS, type TruthLine } from './truth.ts'

/** What a test asked for cannot be understood; the message says why. Answered with 400. */
export class BadControlRequest extends Error {}

type Json = Readonly<Record<string, unknown>>

/** `{match?, times? (default 1, null = without end), skip? (default 0), fault}` */
export function readFaultRule(input: Json, statusesWithoutEffect: readonly number[]): NewFaultRule {
  onlyNames(input, ['match', 'times', 'skip', 'fault'])
  const fault = readFault(object(input, 'fault'))
  if (fault.kind === 'answer' && fault.when === 'after' && statusesWithoutEffect.includes(fault.status)) {
    throw new BadControlRequest(`this vendor answers ${fault.status} only when nothing has happened: use when "before"`)
  }
  return { match: readMatch(input), times: countOrEndless(input, 'times'), skip: integer(input, 'skip', 0), fault }
}

/** `{match?, count? (default 1, null = without end), keyBusy? (default false)}` */
export function readHoldRule(input: Json): NewHoldRule {
  onlyNames(input, ['match', 'count', 'keyBusy'])
  return { match: readMatch(input), count: countOrEndless(input, 'count'), keyBusy: boolean(input, 'keyBusy') }
}

/** `{how?}`, default `answer`. */
export function readRelease(input: Json): Release {
  onlyNames(input, ['how'])
  const how = input['how'] ?? 'answer'
  if (how === 'answer' || how === 'reset') return how
  throw new BadControlRequest('how must be "answer" or "reset"')
}

export function readLabel(input: Json): string {
  onlyNames(input, ['label'])
  return text(input, 'label')
}

export function readAdvanceMs(input: Json): number {
  onlyNames(input, ['advanceMs'])
  return integer(input, 'advanceMs')
}

export function readKind(name: string | null): TruthLine['kind'] | undefined {
  if (name === null) return undefined
  const kind = ([...CALL_KINDS, 'mark'] as const).find((known) => known === name)
  if (kind === undefined) throw new BadControlRequest(`unknown kind ${name}`)
  return kind
}

function readFault(input: Json): Fault {
  const kind = text(input, 'kind')
  switch (kind) {
    case 'answer':
      return readScriptedAnswer(input)
    case 'delay': {
      onlyNames(input, ['kind', 'when', 'delayMs', 'keyBusy'])
      return { kind, when: when(input), delayMs: integer(input, 'delayMs'), keyBusy: boolean(input, 'keyBusy') }
    }
    case 'silence':
    case 'reset':
    case 'garbage':
      onlyNames(input, ['kind', 'when'])
      return { kind, when: when(input) }
    case 'half':
      onlyNames(input, ['kind', 'when'])
      return { kind, when: after(input) }
    case 'drip': {
      onlyNames(input, ['kind', 'when', 'chunkBytes', 'everyMs'])
      const chunkBytes = Math.max(1, integer(input, 'chunkBytes', 1))
      return { kind, when: after(input), chunkBytes, everyMs: integer(input, 'everyMs') }
    }
    case 'cut': {
      onlyNames(input, ['kind', 'when', 'afterBytes', 'how'])
      const how = input['how'] ?? 'reset'
      if (how !== 'reset' && how !== 'end') throw new BadControlRequest('how must be "reset" or "end"')
      return { kind, when: after(input), afterBytes: integer(input, 'afterBytes'), how }
    }
    case 'wrong_length':
      onlyNames(input, ['kind', 'when', 'byBytes'])
      return { kind, when: after(input), byBytes: integer(input, 'byBytes') }
    default:
      throw new BadControlRequest(`unknown fault ${kind}`)
  }
}

function readScriptedAnswer(input: Json): Fault {
  onlyNames(input, ['kind', 'when', 'status', 'saved', 'body', 'headers'])
  const status = integer(input, 'status')
  if (status < 200 || status > 599) throw new BadControlRequest('status must be between 200 and 599')
  const moment = when(input)
  if (moment === 'after' && input['saved'] !== undefined) {
    throw new BadControlRequest('saved is for when "before": what follows an effect is saved by the vendor’s own rule')
  }
  const body = input['body'] === undefined ? {} : { body: text(input, 'body') }
  const headers = input['headers'] === undefined ? {} : { headers: texts(input, 'headers') }
  const saved = moment === 'before' ? { saved: boolean(input, 'saved') } : {}
  return { kind: 'answer', when: moment, status, ...saved, ...body, ...headers }
}

function readMatch(input: Json): Match {
  if (input['match'] === undefined) return {}
  const match = object(input, 'match')
  onlyNames(match, ['method', 'path', 'body', 'headers', 'kinds'])
  return {
    ...(match['method'] === undefined ? {} : { method: text(match, 'method') }),
    ...(match['path'] === undefined ? {} : { path: text(match, 'path') }),
    ...(match['body'] === undefined ? {} : { body: texts(match, 'body') }),
    ...(match['headers'] === undefined ? {} : { headers: texts(match, 'headers') }),
    ...(match['kinds'] === undefined ? {} : { kinds: kinds(match['kinds']) }),
  }
}

function kinds(value: unknown) {
  if (!Array.isArray(value)) throw new BadControlRequest('kinds must be a list')
  return value.map((name) => {
    const kind = CALL_KINDS.find((known) => known === name)
    if (kind === undefined) throw new BadControlRequest(`unknown kind ${name}`)
    return kind
  })
}

function when(input: Json): 'before' | 'after' {
  const value = input['when']
  if (value === 'before' || value === 'after') return value
  throw new BadControlRequest('when must be "before" or "after"')
}

function after(input: Json): 'after' {
  if (input['when'] === undefined || input['when'] === 'after') return 'after'
  throw new BadControlRequest(`${input['kind']} spoils an answer: when can only be "after"`)
}

function countOrEndless(input: Json, name: string): number | null {
  if (input[name] === null) return null
  const count = integer(input, name, 1)
  if (count < 1) throw new BadControlRequest(`${name} must be at least 1, or null for without end`)
  return count
}

function integer(input: Json, name: string, byDefault?: number): number {
  const value = input[name] ?? byDefault
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new BadControlRequest(`${name} must be a whole number`)
}

function boolean(input: Json, name: string): boolean {
  const value = input[name] ?? false
  if (typeof value === 'boolean') return value
  throw new BadControlRequest(`${name} must be true or false`)
}

function text(input: Json, name: string): string {
  const value = input[name]
  if (typeof value === 'string' && value !== '') return value
  throw new BadControlRequest(`${name} must be a text`)
}

function object(input: Json, name: string): Json {
  const value = input[name]
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new BadControlRequest(`${name} must be an object`)
}

function texts(input: Json, name: string): Record<string, string> {
  const entries = Object.entries(object(input, name))
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (typeof value === 'string' || typeof value === 'number') return [key, String(value)]
      throw new BadControlRequest(`${name}.${key} must be a text`)
    }),
  )
}

function onlyNames(input: Json, known: readonly string[]): void {
  const unknown = Object.keys(input).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new BadControlRequest(`unknown field ${unknown}; known here: ${known.join(', ')}`)
}
