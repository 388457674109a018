import { join } from 'node:path'
import { freePort } from '../../tools/scene/free-port.ts'
import { startRedis } from './redis.ts'
import { CHARGE, type Ground, type Subject } from './subject.ts'

const BASELINE = join(import.meta.dirname, '../baseline')

/** What one would write in an afternoon: http-proxy beside the app, Express and ioredis behind it. */
export async function startNaive(ground: Ground): Promise<Subject> {
  const { processes, vendorPort } = ground
  const { part: redis, port: redisPort } = await startRedis(ground, 'naive-redis', 'everysec')
  const [proxyPort, ledgerPort] = [await freePort(), await freePort()]
  const command = process.execPath
  const env = { NODE_ENV: 'production', NODE_NO_WARNINGS: '1' }
  const ledger = processes.start({
    ...{ name: 'naive-ledger', command, env },
    args: [join(BASELINE, 'ledger.mjs'), ledgerPort, redisPort, vendorPort].map(String),
  })
  const proxy = processes.start({
    ...{ name: 'naive-proxy', command, env },
    args: [join(BASELINE, 'proxy.mjs'), proxyPort, ledgerPort].map(String),
  })
  await processes.untilOpen(ledger, ledgerPort)
  await processes.untilOpen(proxy, proxyPort)
  return {
    name: 'hand-made: http-proxy, Express, ioredis',
    url: `http://127.0.0.1:${proxyPort}`,
    shape: CHARGE,
    parts: { proxy, ledger, redis },
  }
}
