import type { AnswerNote } from '../../contract/call.ts'
import { encodeNote } from '../../contract/claims-header.ts'
import { CALL_ID_HEADER, NOTE_HEADER, REPLAYED_HEADER } from '../../contract/headers.ts'
import { REFUSALS, type Refusal, refusalBody, refusalHeaders } from '../../contract/refusals.ts'
import type { AnswerHeaders, BufferedAnswer } from '../vendor-client/network.ts'
import type { CallClient } from './call-request.ts'
import { headersForApp } from './headers.ts'

/** What goes back to whoever called. */
export interface Answer extends BufferedAnswer {
  readonly note: AnswerNote
}

/** The vendor's answer, from the wire or from the record. */
export function vendorAnswer(answer: BufferedAnswer, note: AnswerNote): Answer {
  return { ...answer, headers: headersForApp(answer.headers), note }
}

export function refusalAnswer(refused: Refusal, note: AnswerNote): Answer {
  return {
    status: REFUSALS[refused.code].status,
    headers: refusalHeaders(refused),
    body: Buffer.from(refusalBody(refused)),
    note,
  }
}

/** Headers of ours beside an answer. `forSidecar`: the note is for a sidecar only. */
export function ourHeaders(note: AnswerNote, forSidecar: boolean): Record<string, string> {
  return {
    ...(forSidecar ? { [NOTE_HEADER]: encodeNote(note) } : {}),
    ...(note.callId === undefined ? {} : { [CALL_ID_HEADER]: note.callId }),
    ...(note.replayed ? { [REPLAYED_HEADER]: 'true' } : {}),
  }
}

export function writeAnswer(client: CallClient, { status, headers, body, note }: Answer, forSidecar: boolean): void {
  const framed = withOurs(headers, ourHeaders(note, forSidecar))
  client.head(status, hasNoBody(status) ? framed : { ...framed, 'content-length': String(body.length) })
  client.end(body)
}

/** Ours stand first: of an answer with a thousand headers, HTTP libraries drop the last ones. */
export function withOurs(headers: AnswerHeaders, ours: Readonly<Record<string, string>>): AnswerHeaders {
  return { ...ours, ...headers }
}

/** RFC 9110, section 8.6: these carry no Content-Length. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}
