import { request } from 'node:http'

/** To the proxy, from the issuer: the credential file is there. Answered once the proxy works with it. */
export const ISSUED_PATH = '/_jobcap/issued'

const ANSWERS_WITHIN_MS = 5_000

/** One try. Resolves to the status of the answer; to undefined when there is none, as from a proxy that starts. */
export type TellProxy = () => Promise<number | undefined>

export function tellProxyAt(port: number): TellProxy {
  const options = {
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: ISSUED_PATH,
    agent: false,
    timeout: ANSWERS_WITHIN_MS,
  }
  return () =>
    new Promise((resolve) => {
      const telling = request(options, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      telling.on('timeout', () => telling.destroy())
      telling.on('error', () => resolve(undefined))
      telling.end()
    })
}
