import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { bodyTooLarge, type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { Addressed } from './address.ts'
import type { CallRequest } from './call-request.ts'
import { judgeHeaders } from './headers.ts'

const unzip = promisify(gunzip)

/** The call as the vendor's rules read it: whole body, gzip undone. */
export async function readText(request: CallRequest, addressed: Addressed): Promise<CallText | Refusal> {
  const refused = judgeHeaders(request.repeated)
  if (refused !== null) return refused
  const { maxBodyBytes } = addressed.policy
  const sent = await request.readBody(maxBodyBytes)
  if (sent === 'too_large') return bodyTooLarge(maxBodyBytes)
  if (sent === 'too_slow') return refusal('body_too_slow')
  const body = await decode(sent, request.headers['content-encoding'], maxBodyBytes)
  if (!Buffer.isBuffer(body)) return body
  const { path, query } = addressed
  return { method: request.method, path, query, headers: request.headers, body }
}

async function decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer | Refusal> {
  if (encoding === undefined || encoding === 'identity') return body
  if (encoding !== 'gzip')
    return refusal('body_unreadable', 'Of the content encodings only gzip is read here: send the body as it is.')
  try {
    return await unzip(body, { maxOutputLength: maxBytes })
  } catch (fault) {
    const isTooLarge = (fault as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLarge
      ? bodyTooLarge(maxBytes)
      : refusal('body_unreadable', 'The body is not the gzip that its header says.')
  }
}
