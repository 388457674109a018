import { type Json, parseJson } from '../content/json.ts'

/** What counts of a message or call that Twilio answers with; what is missing or odd is null or 0. */
export interface TwilioResource {
  readonly sid: string | null
  readonly segments: number
  readonly media: number
}

/** Undefined when the bytes are not one JSON object. */
export function readResource(bytes: Uint8Array): TwilioResource | undefined {
  const value = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  if (typeof value === 'string' || value.kind !== 'object') return undefined
  const { members } = value
  const sid = textOf(members.get('sid'))
  return {
    sid: /^[A-Z]{2}[0-9a-f]{32}$/.test(sid) ? sid : null,
    segments: countOf(members.get('num_segments')),
    media: countOf(members.get('num_media')),
  }
}

/** Empty when it is no text. */
function textOf(value: Json | undefined): string {
  return value?.kind === 'text' ? value.value : ''
}

/** Twilio writes its counts as texts. */
function countOf(value: Json | undefined): number {
  const text = value?.kind === 'number' ? value.source : textOf(value)
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
}
