/**
 * A JSON value that keeps what a double would lose: numbers stay as they were written. `isPlain`: of a document whose texts and names hold
 * nothing that needs an escape.
 */
export type Json =
  | { readonly kind: 'text'; readonly value: string; readonly isPlain: boolean }
  | { readonly kind: 'number'; readonly source: string }
  | { readonly kind: 'word'; readonly value: 'true' | 'false' | 'null' }
  | { readonly kind: 'list'; readonly items: readonly Json[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Json>; readonly isPlain: boolean }

const MAX_DEPTH = 100

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const WORD = /true|false|null/y
const BACKSLASH = 0x5c
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y
/** An escape, a control character, or a surrogate. */
const NEEDS_CARE = /[\\\u0000-\u001f\ud800-\udfff]/
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** The document breaks a rule; `message` names the rule and the place. */
class BadJson extends Error {}

export function isNull(value: Json): boolean {
  return value.kind === 'word' && value.value === 'null'
}

/**
 * Reads JSON (RFC 8259) strictly: no name twice in an object, no `__proto__`, no lone surrogates, at most 100 levels.
 * A sentence that says what is wrong when it is not such a document.
 */
export function parseJson(text: string): Json | string {
  try {
    return new Reader(text).document()
  } catch (error) {
    if (error instanceof BadJson) return error.message
    throw error
  }
}

/** One text for documents that mean the same: names sorted, no space, numbers as written. */
export function canonicalJson(value: Json): string {
  return jsonText(value, (names) => names.sort())
}

/** Names in their order, no space, numbers as written. */
export function jsonInOrder(value: Json): string {
  return jsonText(value, (names) => names)
}

function jsonText(value: Json, arranged: (names: string[]) => string[]): string {
  switch (value.kind) {
    case 'text':
      return quoted(value.value, value.isPlain)
    case 'number':
      return value.source
    case 'word':
      return value.value
    case 'list':
      return `[${value.items.map((item) => jsonText(item, arranged)).join(',')}]`
    case 'object': {
      let text = '{'
      for (const name of arranged([...value.members.keys()])) {
        const comma = text.length > 1 ? ',' : ''
        text += `${comma}${quoted(name, value.isPlain)}:${jsonText(memberOf(value, name), arranged)}`
      }
      return `${text}}`
    }
  }
}

/** The value at a JSON pointer (RFC 6901); undefined when there is none. */
export function jsonAt(value: Json, pointer: string): Json | undefined {
  let at: Json | undefined = value
  for (const name of pointerNames(pointer)) {
    if (at?.kind === 'object') at = at.members.get(name)
    else if (at?.kind === 'list') at = /^(?:0|[1-9][0-9]{0,9})$/.test(name) ? at.items[Number(name)] : undefined
    else return undefined
  }
  return at
}

/** `/a~1b/0` → `a/b`, `0` */
export function pointerNames(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A plain text needs no escape. */
function quoted(text: string, isPlain: boolean): string {
  return isPlain ? `"${text}"` : JSON.stringify(text)
}

function memberOf(value: Json & { kind: 'object' }, name: string): Json {
  const member = value.members.get(name)
  if (member === undefined) throw new Error('a name of the object has no value')
  return member
}

class Reader {
  readonly #text: string
  /** No text in it holds an escape, a control character or half a surrogate pair: each ends at the next quote. */
  readonly #isPlain: boolean
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#isPlain = !NEEDS_CARE.test(text)
  }

  document(): Json {
    const value = this.#value()
    if (this.#at < this.#text.length) this.#fail('text after the document')
    return value
  }

  #value(): Json {
    this.#skipSpace()
    const value = this.#bareValue()
    this.#skipSpace()
    return value
  }

  #bareValue(): Json {
    switch (this.#text.charAt(this.#at)) {
      case '"':
        return { kind: 'text', value: this.#string(), isPlain: this.#isPlain }
      case '{':
        return this.#nested(() => this.#object())
      case '[':
        return this.#nested(() => this.#list())
      default:
        return this.#scalar()
    }
  }

  #scalar(): Json {
    const source = this.#take(NUMBER)
    if (source !== '') return { kind: 'number', source }
    const word = this.#take(WORD)
    if (word === '') this.#fail('no value')
    return { kind: 'word', value: word as 'true' | 'false' | 'null' }
  }

  #object(): Json {
    const members = new Map<string, Json>()
    this.#at += 1
    this.#skipSpace()
    const object = { kind: 'object', members, isPlain: this.#isPlain } as const
    if (this.#has('}')) return object
    do {
      this.#skipSpace()
      if (this.#text[this.#at] !== '"') this.#fail('no name')
      const name = this.#string()
      if (name === '__proto__') this.#fail('the name __proto__')
      if (members.has(name)) this.#fail('a name given twice')
      this.#skipSpace()
      if (!this.#has(':')) this.#fail('no colon after a name')
      members.set(name, this.#value())
    } while (this.#has(','))
    if (!this.#has('}')) this.#fail('an object that does not end')
    return object
  }

  #list(): Json {
    const items: Json[] = []
    this.#at += 1
    this.#skipSpace()
    if (this.#has(']')) return { kind: 'list', items }
    do items.push(this.#value())
    while (this.#has(','))
    if (!this.#has(']')) this.#fail('a list that does not end')
    return { kind: 'list', items }
  }

  #string(): string {
    const start = this.#at
    this.#at += 1
    if (this.#isPlain) return this.#plainString()
    let isEscaped = false
    this.#pass(PLAIN_TEXT)
    while (this.#text.charCodeAt(this.#at) === BACKSLASH && this.#pass(ESCAPE)) {
      isEscaped = true
      this.#pass(PLAIN_TEXT)
    }
    if (!this.#has('"')) this.#fail('a text that does not end, or a bad character in it')
    const value = isEscaped
      ? (JSON.parse(this.#text.slice(start, this.#at)) as string)
      : this.#text.slice(start + 1, this.#at - 1)
    if (!value.isWellFormed()) this.#fail('half a surrogate pair')
    return value
  }

  #plainString(): string {
    const end = this.#text.indexOf('"', this.#at)
    if (end < 0) this.#fail('a text that does not end, or a bad character in it')
    const value = this.#text.slice(this.#at, end)
    this.#at = end + 1
    return value
  }

  #nested(read: () => Json): Json {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) this.#fail(`more than ${MAX_DEPTH} levels`)
    const value = read()
    this.#depth -= 1
    return value
  }

  #has(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #take(pattern: RegExp): string {
    const start = this.#at
    this.#pass(pattern)
    return this.#text.slice(start, this.#at)
  }

  /** False when nothing fits here. */
  #pass(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return false
    this.#at = pattern.lastIndex
    return true
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at += 1
    }
  }

  #fail(what: string): never {
    throw new BadJson(`JSON with ${what}, at character ${this.#at + 1}`)
  }
}
