/** One decoded `name=value`. */
export interface Field {
  readonly name: string
  readonly value: string
}

/**
 * Reads `application/x-www-form-urlencoded` strictly: UTF-8, whole escapes, `&` as the only separator, each field with a
 * name and `=`. A sentence that says what is wrong otherwise.
 */
export function parseForm(text: string): Field[] | string {
  // `;` separates fields for some servers and not for others; every encoder writes it as %3B.
  if (text.includes(';') || hasControl(text)) return 'a form with an unencoded ; or control character'
  const isPlain = !text.includes('%') && !text.includes('+')
  const fields: Field[] = []
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = endOfField(text, start)
    if (end === start) continue
    const equals = text.indexOf('=', start)
    if (equals <= start || equals >= end) return 'a form field without name or ='
    const written = { name: text.slice(start, equals), value: text.slice(equals + 1, end) }
    const field = isPlain ? written : decoded(written)
    if (field === undefined) return 'a form field with a broken % escape or not in UTF-8'
    fields.push(field)
  }
  return fields
}

/** One text for forms that mean the same: fields sorted by name; those of one list keep their order, for it is theirs. */
export function canonicalForm(fields: readonly Field[]): string {
  let text = ''
  for (const { name, value } of sorted(fields, ({ name }) => listName(name))) {
    text += `${name.length}:${name}${value.length}:${value}`
  }
  return text
}

export function encodeForm(fields: readonly Field[]): string {
  return fields.map(({ name, value }) => `${encodeName(name)}=${encodeURIComponent(value)}`).join('&')
}

/** A query with its fields sorted as they were sent, undecoded; fields of one name keep their order. */
export function canonicalQuery(query: string): string {
  if (query === '') return ''
  const fields = query.split('&').filter((field) => field !== '')
  return sorted(fields, (field) =>
    listName((field.split('=', 1)[0] ?? '').replace(/%5B/gi, '[').replace(/%5D/gi, ']')),
  ).join('&')
}

/** `items[][price]` → `items[]`: which fields belong to one item of a list is told only by the order in which they stand. */
function listName(name: string): string {
  const at = name.indexOf('[]')
  return at === -1 ? name : name.slice(0, at + 2)
}

function sorted<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  const keys: string[] = []
  let isInOrder = true
  for (const item of items) {
    const key = keyOf(item)
    if (isInOrder && keys.length > 0 && key < (keys.at(-1) ?? '')) isInOrder = false
    keys.push(key)
  }
  if (isInOrder) return items
  return items.length <= FEW ? inserted(items, keys) : merged(items, keys)
}

/** Up to so many, inserting is quicker than the engine's sort with its calls back. */
const FEW = 24

function inserted<Item>(items: readonly Item[], keys: readonly string[]): readonly Item[] {
  const placed: Item[] = []
  const placedKeys: string[] = []
  for (const [from, item] of items.entries()) {
    const key = keys[from] ?? ''
    let at = from
    for (; at > 0 && (placedKeys[at - 1] ?? '') > key; at -= 1) {
      placedKeys[at] = placedKeys[at - 1] ?? ''
      placed[at] = placed[at - 1] as Item
    }
    placedKeys[at] = key
    placed[at] = item
  }
  return placed
}

function merged<Item>(items: readonly Item[], keys: readonly string[]): readonly Item[] {
  const keyed = items.map((item, at) => ({ item, key: keys[at] ?? '' }))
  return keyed.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0)).map(({ item }) => item)
}

function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll('%5B', '[').replaceAll('%5D', ']')
}

const CONTROL = /[\u0000-\u001f\u007f]/

/** The engine looks for what JSON escapes many characters at a time: where it finds none, none but DEL can be there. */
function hasControl(text: string): boolean {
  const hasNoEscape = JSON.stringify(text).length === text.length + 2
  return hasNoEscape ? text.includes('\u007f') : CONTROL.test(text)
}

function endOfField(text: string, start: number): number {
  const end = text.indexOf('&', start)
  return end < 0 ? text.length : end
}

function decoded(written: Field): Field | undefined {
  const name = decode(written.name)
  const value = decode(written.value)
  return name === undefined || value === undefined ? undefined : { name, value }
}

function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}
