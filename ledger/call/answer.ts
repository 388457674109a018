import type { AnswerNote } from '../../contract/call.ts'
import { encodeNote } from '../../contract/claims-header.ts'
import { CALL_ID_HEADER, NOTE_HEADER, REFUSED_HEADER, REPLAYED_HEADER } from '../../contract/headers.ts'
import { REFUSALS, type Refusal, refusalBody, refusalBodyFor, refusalHeaders } from '../../contract/refusals.ts'
import type { AnswerHeaders, BufferedAnswer } from '../vendor-client/network.ts'
import type { CallRequest } from './call-request.ts'
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
  const ours: Record<string, string> = {}
  if (forSidecar) ours[NOTE_HEADER] = encodeNote(note)
  if (note.callId !== undefined) ours[CALL_ID_HEADER] = note.callId
  if (note.replayed) ours[REPLAYED_HEADER] = 'true'
  return ours
}

/** Sidecars see to their own apps, so what they get is as every SDK reads it. */
export function writeAnswer({ client, headers: asked }: CallRequest, answer: Answer, forSidecar: boolean): void {
  const { status, headers, note } = answer
  const body = forSidecar ? answer.body : asClientReads(asked['user-agent'], answer)
  const framed: Record<string, string | string[] | undefined> = withOurs(headers, ourHeaders(note, forSidecar))
  if (!hasNoBody(status)) framed['content-length'] = String(body.length)
  client.head(status, framed)
  client.end(body)
}

function asClientReads(userAgent: string | undefined, { headers, body }: Answer): Uint8Array {
  if (headers[REFUSED_HEADER] === undefined) return body
  return Buffer.from(refusalBodyFor(userAgent, Buffer.from(body).toString()))
}

/** Ours stand first: of an answer with a thousand headers, HTTP libraries drop the last ones. */
export function withOurs(
  headers: AnswerHeaders,
  ours: Readonly<Record<string, string>>,
): Record<string, string | string[] | undefined> {
  return { ...ours, ...headers }
}

/** RFC 9110, section 8.6: these carry no Content-Length. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304
}
