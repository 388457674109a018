import type { Field } from '../content/form.ts'
import { type Json, jsonAt, pointerNames } from '../content/json.ts'

/** What stands in a body at the place by which a route is priced. `unsure`: other servers might find it elsewhere too. */
export type Found = readonly (Json | string)[] | 'unsure'

export function foundInJson(value: Json, pointer: string): Found {
  const found = jsonAt(value, pointer)
  if (found === undefined) return []
  return isSingular(value, pointerNames(pointer)) ? [found] : 'unsure'
}

/** `/a/b` is the field `a[b]`; a list is the field given several times, with or without `[]`. */
export function foundInForm(fields: readonly Field[], pointer: string): Found {
  const names = pointerNames(pointer)
  const name = names.map((part, at) => (at === 0 ? part : `[${part}]`)).join('')
  const near = fields.filter((field) => isNear(field.name, names))
  const isExact = near.every((field) => field.name === name || field.name === `${name}[]`)
  return isExact ? near.map(({ value }) => value) : 'unsure'
}

/** Some servers take a parameter of the query before that of the body, or beside it. */
export function isInQuery(query: string, pointer: string): boolean {
  return query !== '' && [...new URLSearchParams(query).keys()].some((name) => isNear(name, pointerNames(pointer)))
}

/** On no level a second name that a server might take for the one on the way. */
function isSingular(value: Json, [name, ...inner]: readonly string[]): boolean {
  if (name === undefined) return true
  if (value.kind === 'list') {
    const item = value.items[Number(name)]
    return item === undefined || isSingular(item, inner)
  }
  if (value.kind !== 'object') return true
  const alike = [...value.members].filter(([member]) => folded(member) === folded(name))
  return alike.length < 2 && alike.every(([, member]) => isSingular(member, inner))
}

/** Whether a field is at the place, around it or within it, whatever numbers it has on the way. */
function isNear(field: string, names: readonly string[]): boolean {
  const parts = field
    .split('[')
    .map(folded)
    .filter((part, at) => at === 0 || part !== '')
  return parts.every((part, at) => at >= names.length || part === folded(names[at] ?? ''))
}

/**
 * Names that come to one at some servers: Go and .NET do not mind the case, protobuf knows `num_items` as `numItems` too, PHP
 * reads a dot or a space as an underscore.
 */
function folded(name: string): string {
  return name.toLowerCase().replace(/[-_.\s\]]/g, '')
}
