import type { Refusal } from '../../contract/refusals.ts'
import type { CallText, DeclaredMediaTypes } from '../../contract/vendor.ts'
import { FORM_TYPE, mediaTypeOf, type ReadBody, readBody } from '../content/body.ts'

const READ_AS = { json: 'application/json', form: FORM_TYPE }

/** A body as its Content-Type says, or as the policy says of that media type. */
export function readDeclaredBody(call: CallText, mediaTypes: DeclaredMediaTypes | undefined): ReadBody | Refusal {
  const mediaType = mediaTypeOf(call)
  if (mediaTypes === undefined || !Object.hasOwn(mediaTypes, mediaType)) return readBody(call)
  const named = READ_AS[mediaTypes[mediaType] ?? 'json']
  const contentType = (call.headers['content-type'] ?? '').replace(/^[^;]*/, named)
  return readBody({ ...call, headers: { ...call.headers, 'content-type': contentType } })
}
