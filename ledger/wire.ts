import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallClient, CallRequest } from './call/call-request.ts'

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
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) return 'too_large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
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
      const given = Object.entries(headers).filter(
        (entry): entry is [string, string | string[]] => entry[1] !== undefined,
      )
      response.writeHead(status, Object.fromEntries(given))
    },
    write: (chunk) => leaving.signal.aborted || response.write(chunk),
    drained: () =>
      new Promise((resolve) => {
        if (leaving.signal.aborted || !response.writableNeedDrain) resolve()
        else wakeWriter = resolve
      }),
    end(body) {
      if (!leaving.signal.aborted) response.end(body)
    },
    cut() {
      response.destroy()
    },
  }
}
