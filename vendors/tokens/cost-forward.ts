import type { Json } from '../content/json.ts'
import type { Members } from './cost-request.ts'

/** A JSON object with further members behind its own, or instead of those of the same name; the order of all names is kept. */
export function withMembers(members: Members, more: Readonly<Record<string, Json>>): Buffer {
  const value: Json = { kind: 'object', members: new Map([...members, ...Object.entries(more)]) }
  return Buffer.from(jsonText(value))
}

export function numberOf(count: number): Json {
  return { kind: 'number', source: String(count) }
}

export const TRUE: Json = { kind: 'word', value: 'true' }

/** Numbers as they were written, names in their order: it may matter to a model in what order a schema names its fields. */
function jsonText(value: Json): string {
  switch (value.kind) {
    case 'text':
      return JSON.stringify(value.value)
    case 'number':
      return value.source
    case 'word':
      return value.value
    case 'list':
      return `[${value.items.map(jsonText).join(',')}]`
    case 'object':
      return `{${[...value.members].map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`
  }
}
