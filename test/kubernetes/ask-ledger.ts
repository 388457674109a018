import { request } from 'node:https'

export interface LedgerQuestion {
  readonly url: string
  readonly caPem: string
  readonly token: string
  /** Default: POST with a body, GET without. */
  readonly method?: string
  readonly json?: object
}

/** Asks a ledger over TLS. */
export function askLedger<Body>({
  url,
  caPem,
  token,
  json,
  method,
}: LedgerQuestion): Promise<{ status: number; body: Body }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const options = { method: method ?? (json === undefined ? 'GET' : 'POST'), ca: caPem, headers }
    const asking = request(url, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Body }))
    })
    asking.on('error', reject)
    asking.end(json === undefined ? undefined : JSON.stringify(json))
  })
}
