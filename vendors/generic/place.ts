import type { Field } from '../content/form.ts'
import { type Json, jsonAt, pointerNames } from '../content/json.ts'
import { queryNames } from '../content/request.ts'

/** What stands in a body at the place by which a route is priced. `unsure`: other servers might find it elsewhere too. */
export type Found = readonly (Json | string)[] | 'unsure'

export function foundInJson(value: Json, pointer: string): Found {
  const found = jsonAt(value, pointer)
  if (found === undefined) return []
  return isSingular(value, pointerNames(pointer)) ? [found] : 'unsure'
}

/** `/a/b` is the field `a[b]`; a list is the field given several times, with or without `[]`. */
export function foundInForm(fields: readonly Field[], pointer: string): Found {
  if (isJsonToo(fields)) return 'unsure'
  const names = pointerNames(pointer)
  const name = names.map((part, at) => (at === 0 ? part : `[${part}]`)).join('')
  const near = fields.filter((field) => isNear(field.name, names))
  const isExact = near.every((field) => field.name === name || field.name === `${name}[]`)
  return isExact ? near.map(({ value }) => value) : 'unsure'
}

/** Some servers take a parameter of the query before that of the body, or beside it. */
export function isInQuery(query: string, pointer: string): boolean {
  return query !== '' && queryNames(query).some((name) => isNear(name, pointerNames(pointer)))
}

/** Many programs in PHP and Python read JSON whatever type it comes under, and a text can be both: `{"n":9,"x":"=&n=1&y="}`. */
function isJsonToo([first]: readonly Field[]): boolean {
  return first !== undefined && /^\s*[[{]/.test(first.name)
}

const NUMBER = /^[0-9]+$/

/**
 * On no level a second name that a server might take for the one on the way, or for several: `order.qty`; and beside an item
 * that is named by its number no other, which would be sold with it.
 */
function isSingular(value: Json, names: readonly string[]): boolean {
  const [name, ...inner] = names
  if (name === undefined) return true
  if (value.kind === 'list') return value.items.length < 2 && value.items.every((item) => isSingular(item, inner))
  if (value.kind !== 'object') return true
  const steps = inner.map((_, at) => folded(names.slice(0, at + 2).join('')))
  const members = [...value.members].map(([member, held]) => ({ held, name: folded(member) }))
  // PHP takes an object with numbers for names as a list.
  const alike = NUMBER.test(name) ? members : members.filter((member) => member.name === folded(name))
  return (
    alike.length < 2 &&
    !members.some((member) => steps.includes(member.name)) &&
    alike.every(({ held }) => isSingular(held, inner))
  )
}

/** Whether a field is at the place, around it or within it, whatever numbers it has on the way. */
function isNear(field: string, names: readonly string[]): boolean {
  const parts = field
    .split(/[[.]/)
    .map(folded)
    .filter((part) => part !== '')
  const isOnTheWay = parts.every((part, at) => at >= names.length || part === folded(names[at] ?? ''))
  return (parts.length > 0 && isOnTheWay) || folded(field) === folded(names.join(''))
}

/**
 * Names that come to one at some servers, so that letters and digits are all that tells names apart, and their case does not: Go
 * and .NET do not mind it (Go takes `ſ` for an s), protobuf knows `num_items` as `numItems` too, PHP reads a dot, a space and an open
 * bracket as an underscore, C ends a name at its first NUL, and Express reads `[to]` as `to`.
 */
function folded(name: string): string {
  return name
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replace(/\0.*|[^\p{L}\p{N}]/gsu, '')
}
