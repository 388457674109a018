import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CallClient, CallRequest } from './call/call-request.ts'

/** Up to this size head and body go out in one write: Node joins them only as text, and Latin-1 keeps every byte. */
const JOINED_BYTES = 16 * 1024

/** A request of Node's server as the journey takes it. */
export function callRequest(request: IncomingMessage, response: ServerResponse): CallRequest {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: request.headers as Readonly<Record<string, string | undefined>>,
    rawHeaders: request.rawHeaders,
    async readBody(limitBytes) {
      const body = await readBody(request, limitBytes)
      // What is still on its way is not read, so the connection cannot be used again.
      if (body === 'too_large') response.setHeader('connection', 'close')
      return body
    },
    client: callClient(response),
  }
}

/** Rejects when the client breaks off in the body. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'too_large'> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return 'too_large'
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = () => request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
    const onData = (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= limitBytes) return
      done()
      request.pause()
      resolve('too_large')
    }
    const onEnd = () => {
      done()
      const [only] = chunks
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
    }
    const onCut = (fault?: Error) => {
      done()
      reject(fault ?? new Error('the client broke off'))
    }
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    if (request.destroyed && !request.readableEnded) onCut()
  })
}

function callClient(response: ServerResponse): CallClient {
  const leaving = new AbortController()
  let wakeWriter: () => void = () => {}
  response.on('drain', () => wakeWriter())
  response.on('close', () => {
    if (!response.writableFinished) leaving.abort()
    wakeWriter()
  })
  return {
    left: leaving.signal,
    head(status, headers) {
      if (leaving.signal.aborted) return
      const given: OutgoingHttpHeaders = {}
      for (const name in headers) {
        const value = headers[name]
        if (value !== undefined) given[name] = value
      }
      response.writeHead(status, given)
      // A stream's head does not wait for its first event.
      if (String(headers['content-type']).startsWith('text/event-stream')) response.flushHeaders()
    },
    write: (chunk) => leaving.signal.aborted || response.write(chunk),
    drained: () =>
      new Promise((resolve) => {
        if (leaving.signal.aborted || !response.writableNeedDrain) resolve()
        else wakeWriter = resolve
      }),
    end(body) {
      if (leaving.signal.aborted) return
      if (Buffer.isBuffer(body) && body.length <= JOINED_BYTES) response.end(body.toString('latin1'), 'latin1')
      else response.end(body)
    },
    cut() {
      response.destroy()
    },
  }
}
