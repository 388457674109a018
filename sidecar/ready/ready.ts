import { request } from 'node:http'
import type { Clock } from '../../runtime/clock.ts'
import type { Timers } from '../../runtime/timers.ts'

/** Answered as soon as the proxy listens, with or without a credential. */
export const HEALTH_PATH = '/_jobcap/healthz'

const READY_WITHIN_MS = 30_000
const ASK_EVERY_MS = 20

/** For the postStart hook: resolves to 0 once the proxy answers on its port, to 1 when it does not within 30 s. */
export async function awaitReady(effects: { clock: Clock; timers: Timers }, port: number): Promise<number> {
  const giveUpAtMs = effects.clock.monotonicMs() + READY_WITHIN_MS
  while (effects.clock.monotonicMs() < giveUpAtMs) {
    if (await isHealthy(port)) return 0
    await effects.timers.sleep(ASK_EVERY_MS)
  }
  return 1
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: HEALTH_PATH, agent: false, timeout: 1_000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', () => resolve(false))
    asking.end()
  })
}
