/** A decoded form: texts, lists (`a[]=`, `a[0]=`) and objects (`a[b]=`), nested as deep as the names say. */
export type FormValue = string | FormValue[] | FormObject
export interface FormObject {
  [name: string]: FormValue
}

/** The form contradicts itself, such as `a=1&a[b]=2`. */
export class BadForm extends Error {}

/** Decodes `a=1&metadata[order]=7&expand[]=x`. A name given twice keeps its last value, as at Stripe. */
export function decodeForm(text: string): FormObject {
  const root: FormObject = emptyForm()
  for (const [name, value] of new URLSearchParams(text)) put(root, namesIn(name), value)
  return listsFrom(root) as FormObject
}

/** Without a prototype: a field may be called `__proto__` or `constructor`. */
function emptyForm(): FormObject {
  return Object.create(null) as FormObject
}

/** `metadata[order]` → `metadata`, `order`; the empty name stands for "the next of a list". */
function namesIn(name: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name)
  if (match === null) throw new BadForm(`Invalid parameter name: ${name}`)
  const [, first = '', rest = ''] = match
  return [first, ...[...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, inner = '']) => inner)]
}

function put(root: FormObject, names: string[], value: string): void {
  let at = root
  for (const [depth, given] of names.entries()) {
    const name = given === '' ? String(Object.keys(at).length) : given
    const isLast = depth === names.length - 1
    const there = at[name]
    if (isLast) {
      if (typeof there === 'object') throw new BadForm(`Invalid string for ${names.join('.')}`)
      at[name] = value
      return
    }
    if (typeof there === 'string') throw new BadForm(`Invalid object for ${names.join('.')}`)
    const next: FormObject = there === undefined ? emptyForm() : (there as FormObject)
    at[name] = next
    at = next
  }
}

/** An object whose names are 0, 1, 2 … is a list. */
function listsFrom(value: FormValue): FormValue {
  if (typeof value !== 'object' || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([name, item]) => [name, listsFrom(item)] as const)
  const isList = entries.length > 0 && entries.every(([name], index) => name === String(index))
  return isList ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}

/** One text for forms that mean the same, whatever the order of their names. */
export function canonicalForm(value: FormValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalForm).join(',')}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalForm(value[name] ?? '')}`).join(',')}}`
}
