import { EXAMPLE_POLICY, exampleVendors } from './example-policy.ts'
import { foundKind, foundText } from './found.ts'
import { nearestName } from './nearest.ts'

export type FieldPath = readonly (string | number)[]

/** Longest example that is shown, in characters; deeper lists and maps of a longer one are left out. */
const MAX_EXAMPLE = 170
/** Below these fields a value may be a secret, or hold one: it is never shown. */
const SECRET_FIELDS: readonly (string | number)[] = ['secretRef', 'auth', 'baseUrl']

/** Maps whose names the writer chooses. */
const OF_ANY_NAME: FieldPath = ['matchLabels', 'usdMicrosPerMajorUnit', 'pricesByTo', 'mediaTypes']

/** Whether nothing stands there, not even `null`. */
export function isMissing(path: FieldPath, document: unknown): boolean {
  return valueAt(document, path) === undefined
}

/** `is missing`, and what to write. */
export function missingField(path: FieldPath, document: unknown): string {
  return `is missing${exampleText(path, document, '; write for example ')}`
}

/** What was wanted, what was found instead, and what to write. */
export function wrongValue(wanted: string, path: FieldPath, document: unknown): string {
  if (wanted.includes('; found ')) return wanted
  const found = valueAt(document, path)
  const isSecret = path.some((step) => SECRET_FIELDS.includes(step))
  const before = /for example|such as/.test(wanted) ? undefined : '; write for example '
  return `${wanted}; found ${isSecret ? foundKind(found) : foundText(found)}${
    before === undefined ? '' : exampleText(path, document, before)
  }`
}

/** That there is no such field, and which one may have been meant. `path` ends with its name. */
export function unknownField(path: FieldPath, document: unknown): string {
  const name = String(path.at(-1))
  const known = knownFields(path.slice(0, -1), document)
  const meant = nearestName(name, known)
  if (meant !== undefined) return `unknown field \`${name}\`; is \`${meant}\` meant?`
  const list = known.map((field) => `\`${field}\``).join(', ')
  return `unknown field \`${name}\`${known.length === 0 ? '' : `; known here: ${list}`}`
}

/** `spec.vendors[1].auth.header` */
export function pathText(path: FieldPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

function valueAt(document: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((owner, step) => (isRecord(owner) ? own(owner, step) : undefined), document)
}

/** A name of the writer's may be one that every object has, such as `constructor`. */
function own(owner: Readonly<Record<string | number, unknown>>, name: string | number): unknown {
  return Object.hasOwn(owner, name) ? owner[name] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null
}

/** What the example has in that place, of a vendor of the same type where it stands in one. */
function examplesOf(path: FieldPath, document: unknown): readonly unknown[] {
  const [spec, vendors, at, ...rest] = path
  if (spec !== 'spec' || vendors !== 'vendors' || at === undefined) return present(exampleAt(EXAMPLE_POLICY, path))
  const type = valueAt(document, ['spec', 'vendors', at, 'type'])
  return exampleVendors(type).flatMap((vendor) => present(exampleAt(vendor, rest)))
}

/** Lists have one example for all their items, and so have maps whose names anyone may choose. */
function exampleAt(example: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((owner, step, at) => {
    if (Array.isArray(owner)) return typeof step === 'number' ? owner[0] : undefined
    if (!isRecord(owner)) return undefined
    return own(owner, step) ?? (OF_ANY_NAME.includes(path[at - 1] ?? '') ? Object.values(owner)[0] : undefined)
  }, example)
}

function present(value: unknown): readonly unknown[] {
  return value === undefined ? [] : [value]
}

function knownFields(owner: FieldPath, document: unknown): readonly string[] {
  const maps = owner.length === 0 ? [EXAMPLE_POLICY] : listed(owner, document)
  return [...new Set(maps.filter(isRecord).flatMap((map) => Object.keys(map)))]
}

/** With all items of a list in which each shows other fields. */
function listed(owner: FieldPath, document: unknown): readonly unknown[] {
  if (typeof owner.at(-1) !== 'number') return examplesOf(owner, document)
  return owner.length === 3 && owner[1] === 'vendors'
    ? examplesOf(owner, document)
    : examplesOf(owner.slice(0, -1), document).flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []))
}

function exampleText(path: FieldPath, document: unknown, before: string): string {
  const [example] = examplesOf(path, document)
  if (example === undefined) return ''
  const name = path.at(-1)
  const full = [9, 2, 1].map((depth) => flowText(example, depth)).find((text) => text.length <= MAX_EXAMPLE)
  return full === undefined ? '' : `${before}\`${typeof name === 'string' ? `${name}: ` : ''}${full}\``
}

/** As YAML on one line; what lies deeper than `depth` is left out. */
function flowText(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    const shown = isRecord(value[0]) ? value.slice(0, 1) : value
    return depth === 0 ? '[…]' : `[${shown.map((item) => flowText(item, depth - 1)).join(', ')}]`
  }
  if (isRecord(value)) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${flowText(field, depth - 1)}`)
    return depth === 0 ? '{…}' : `{${fields.join(', ')}}`
  }
  return typeof value === 'string' && !/^[A-Za-z][A-Za-z0-9.-]*$/.test(value) ? JSON.stringify(value) : String(value)
}
