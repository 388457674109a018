import { type Json, jsonInOrder } from '../content/json.ts'
import type { Members } from './cost-request.ts'

/** A JSON object with further members behind its own, or instead of those of the same name; the order of all names is kept: it may matter to a model in what order a schema names its fields. */
export function withMembers(members: Members, more: Readonly<Record<string, Json>>): Buffer {
  const value: Json = { kind: 'object', members: new Map([...members, ...Object.entries(more)]), isPlain: false }
  return Buffer.from(jsonInOrder(value))
}

export function numberOf(count: number): Json {
  return { kind: 'number', source: String(count) }
}

export const TRUE: Json = { kind: 'word', value: 'true' }
