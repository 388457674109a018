import type { AnswerNote, CallClaims } from './call.ts'

const CLAIMS_VERSION = 'v1 '

/** Claims as one header value: the version, then JSON in Latin-1 with everything else escaped. */
export function encodeClaims(claims: CallClaims): string {
  return CLAIMS_VERSION + asciiJson(claims)
}

/** Undefined when the value is not of a version we know or not JSON. Shape is checked by `parseClaims` in `claims.schema.ts`. */
export function decodeClaims(value: string): unknown {
  if (!value.startsWith(CLAIMS_VERSION)) return undefined
  return parseJson(value.slice(CLAIMS_VERSION.length))
}

/** The ledger’s note on an answer, as its header carries it. */
export function encodeNote(note: AnswerNote): string {
  return asciiJson(note)
}

/** The sidecar trusts its ledger, so only the form is checked. Undefined when it is not JSON. */
export function decodeNote(value: string): AnswerNote | undefined {
  return parseJson(value) as AnswerNote | undefined
}

const NOT_ASCII = /[\u007f-\uffff]/
const ALL_NOT_ASCII = /[\u007f-\uffff]/g

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function asciiJson(value: unknown): string {
  const json = JSON.stringify(value)
  return NOT_ASCII.test(json) ? json.replace(ALL_NOT_ASCII, escaped) : json
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
