import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import type { CallText } from '../../contract/vendor.ts'
import { type ReadBody, readBody, unreadable } from '../content/body.ts'
import { encodeForm, type Field } from '../content/form.ts'
import { isRefusal } from '../content/guard.ts'
import { type Json, parseJson } from '../content/json.ts'

/** A parameter of Stripe's v1 routes under its form name, such as `metadata[order]`. */
export interface StripeField extends Field {
  /** It came as a JSON text (`"100"`), not as a JSON number; never so in a form. */
  readonly isJsonText?: boolean
}

/** `null`: the body is neither a form nor JSON, so nothing is known about it. */
export type StripeFields = readonly StripeField[] | null

/** Stripe's own names are snake case; some form readers would take `[amount]` or ` amount` for `amount`. */
const FIELD_NAME = /^[a-z][a-z0-9_]*(?:\[[^[\]]*\])*$/

/** Apps send the same few names again and again, and keys of their own in brackets. */
const isBareName = remembered((name) => FIELD_NAME.test(name))

/** Characters of all names and values together: a long name around many small values multiplies. */
const MAX_FORM_LENGTH = 4 * 1024 * 1024

/**
 * A JSON document as the form that Stripe's SDKs would send: `a[b]=c`, lists as `a[0]=…`, null as the empty text, numbers
 * as they were written, empty lists and objects left out.
 */
export function toStripeForm(json: string): string | Refusal {
  const value = parseJson(json)
  if (typeof value === 'string') return unreadable(value)
  const fields = fieldsOfJson(value)
  return isRefusal(fields) ? fields : encodeForm(fields)
}

/** The parameters in the body of a v1 call, the same for a form and for JSON. */
export function stripeFields(call: CallText): StripeFields | Refusal {
  const body = readBody(call)
  return isRefusal(body) ? body : fieldsOn(body)
}

const FIELDS = Symbol('fields')

/** A call is recognised, priced and rewritten from the same fields, noted on what its body was read as. */
type NotedReading = ReadBody & { [FIELDS]?: { readonly fields: StripeFields | Refusal } }

function fieldsOn(read: NotedReading): StripeFields | Refusal {
  const noted = read[FIELDS] ?? { fields: fieldsOfBody(read) }
  read[FIELDS] = noted
  return noted.fields
}

function fieldsOfBody(body: ReadBody): StripeFields | Refusal {
  switch (body.kind) {
    case 'none':
      return []
    case 'json':
      return fieldsOfJson(body.value)
    case 'form':
      return checkedFields(body.fields)
    case 'other':
      return null
  }
}

/** The outermost name: `amount[0]` → `amount`. */
export function baseName(name: string): string {
  const at = name.indexOf('[')
  return at < 0 ? name : name.slice(0, at)
}

/** Whether a name is this one, or within it: `amount[0]` of `amount`. */
export function isOf(name: string, outermost: string): boolean {
  return name.startsWith(outermost) && (name.length === outermost.length || name[outermost.length] === '[')
}

function fieldsOfJson(value: Json): readonly StripeField[] | Refusal {
  if (value.kind !== 'object') return unreadable('a JSON body that is not an object')
  const fields: StripeField[] = []
  let length = 0
  const isSmall = [...value.members].every(([name, member]) => collect(name, member))
  return isSmall ? checkedFields(fields) : refusal('body_too_large', 'The JSON body is too large as a form.')

  function collect(name: string, member: Json): boolean {
    if (member.kind === 'list') return member.items.every((item, at) => collect(`${name}[${at}]`, item))
    if (member.kind === 'object') {
      return [...member.members].every(([inner, item]) => collect(`${name}[${nameInBrackets(inner)}]`, item))
    }
    const text = formText(member)
    length += name.length + text.length
    fields.push({ name, value: text, isJsonText: member.kind === 'text' })
    return length <= MAX_FORM_LENGTH
  }
}

/** An empty name would read as "the next of a list", so it is made one that `FIELD_NAME` refuses. */
function nameInBrackets(name: string): string {
  return name === '' ? '[' : name
}

function formText(value: Exclude<Json, { kind: 'list' | 'object' }>): string {
  switch (value.kind) {
    case 'text':
      return value.value
    case 'number':
      return value.source
    case 'word':
      return value.value === 'null' ? '' : value.value
  }
}

/** Only names as Stripe's are. */
export function checkedFields(fields: readonly StripeField[]): readonly StripeField[] | Refusal {
  return fields.every(({ name }) => (name.includes('[') ? FIELD_NAME.test(name) : isBareName(name)))
    ? fields
    : unreadable('a parameter name that is not like amount or metadata[order]')
}
