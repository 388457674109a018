import { isAscii } from 'node:buffer'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
import type { CallText } from '../../contract/vendor.ts'
import { canonicalForm, type Field, parseForm } from './form.ts'
import { canonicalJson, type Json, parseJson } from './json.ts'
import { canonicalMultipart } from './multipart.ts'

/** A byte order mark is kept, so that the parsers refuse it. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const FORM_TYPE = 'application/x-www-form-urlencoded'

/** A body as its Content-Type says; what is neither JSON nor a form is not looked into. */
export type ReadBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'form'; readonly fields: readonly Field[] }
  | { readonly kind: 'other' }

/** Lower case, without parameters; empty when the request names none. */
export function mediaTypeOf(call: CallText): string {
  return mediaTypeIn(call.headers['content-type'] ?? '')
}

const mediaTypeIn = remembered((contentType) => contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '')

/** Whether the charset that a Content-Type names is UTF-8, or none is named. Of two, also within quotes, servers take either. */
const isUtf8Type = remembered((contentType) => {
  const mentions = contentType.match(/charset/gi)?.length ?? 0
  if (mentions === 0) return true
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1]?.toLowerCase() ?? ''
  return mentions === 1 && ['utf-8', 'utf8', 'us-ascii'].includes(charset)
})

const READING = Symbol('reading')

/**
 * What a body was read as is noted on the body: a call is recognised, priced, rewritten and settled from the same bytes. A
 * WeakMap would cost more than the reading, most of it in the garbage collector.
 */
type NotedBody = Uint8Array & {
  [READING]?: { readonly contentType: string | undefined; readonly read: ReadBody | Refusal }
}

/** Reads the same bytes under the same Content-Type once. Whoever has a body never writes into it. */
export function readBody(call: CallText): ReadBody | Refusal {
  const contentType = call.headers['content-type']
  const body: NotedBody = call.body
  const earlier = body[READING]
  if (earlier !== undefined && earlier.contentType === contentType) return earlier.read
  const read = readAnew(call)
  body[READING] = { contentType, read }
  return read
}

function readAnew(call: CallText): ReadBody | Refusal {
  const mediaType = mediaTypeOf(call)
  if (call.body.length === 0) return { kind: 'none' }
  if (mediaType !== FORM_TYPE && !isJsonType(mediaType)) return { kind: 'other' }
  const text = utf8Text(call)
  if (text === undefined) return unreadable('text that is not UTF-8')
  if (mediaType === FORM_TYPE) {
    const fields = parseForm(text)
    return typeof fields === 'string' ? unreadable(fields) : { kind: 'form', fields }
  }
  const value = parseJson(text)
  return typeof value === 'string' ? unreadable(value) : { kind: 'json', value }
}

/** One text or the bytes themselves, equal for bodies that mean the same. */
export function canonicalBody(call: CallText, body: ReadBody): string | Uint8Array | Refusal {
  switch (body.kind) {
    case 'none':
      return ''
    case 'json':
      return canonicalJson(body.value)
    case 'form':
      return canonicalForm(body.fields)
    case 'other':
      return mediaTypeOf(call).startsWith('multipart/') ? multipart(call) : call.body
  }
}

export function unreadable(what: string): Refusal {
  return refusal('body_unreadable', `The body cannot be read: ${what}.`)
}

function multipart(call: CallText): string | Refusal {
  return (
    canonicalMultipart(call.headers['content-type'] ?? '', call.body) ?? unreadable('multipart that is not well-formed')
  )
}

function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType.endsWith('+json')
}

/** Undefined when the bytes, or the charset that the Content-Type names, are not UTF-8. */
function utf8Text({ headers, body }: CallText): string | undefined {
  if (!isUtf8Type(headers['content-type'] ?? '')) return undefined
  // Every byte of ASCII is a character of its own, so there is nothing to decode.
  if (isAscii(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
  try {
    return UTF8.decode(body)
  } catch {
    return undefined
  }
}
