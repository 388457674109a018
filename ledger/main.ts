import { systemClock } from '../runtime/clock.ts'
import { readEnvironment } from '../runtime/environment.ts'
import type { ListenAddress } from '../runtime/http-server.ts'
import { clearAlone } from '../runtime/lean-engine.ts'
import { runProcess } from '../runtime/lifecycle.ts'
import { createLog } from '../runtime/log.ts'
import { systemRandom } from '../runtime/random.ts'
import { systemTerminal } from '../runtime/terminal.ts'
import { systemTimers } from '../runtime/timers.ts'
import { readConfig } from './config.ts'
import { startLedger } from './start.ts'

// The ledger's process. Prints one JSON line once it serves: {"ready": true, "addresses": ["http://127.0.0.1:8081", "unix:/…"]}.
const environment = readEnvironment()
clearAlone()
await runProcess(createLog('ledger'), async () => {
  const config = readConfig(process.argv.slice(2), environment)
  const log = createLog('ledger', config.logLevel)
  const doors = { clock: systemClock, timers: systemTimers, random: systemRandom, environment, log }
  const running = await startLedger(config, doors)
  const addresses = running.addresses.map((address) => urlOf(address, running.scheme))
  systemTerminal.out(`${JSON.stringify({ ready: true, addresses })}\n`)
  return running
})

function urlOf(address: ListenAddress, scheme: string): string {
  if ('socketPath' in address) return `unix:${address.socketPath}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${scheme}://${host}:${address.port}`
}
