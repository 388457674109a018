import { systemClock } from '../runtime/clock.ts'
import { readEnvironment } from '../runtime/environment.ts'
import { clearAlone } from '../runtime/lean-engine.ts'
import { runProcess } from '../runtime/lifecycle.ts'
import { createLog } from '../runtime/log.ts'
import { systemRandom } from '../runtime/random.ts'
import { systemTerminal } from '../runtime/terminal.ts'
import { systemTimers } from '../runtime/timers.ts'
import { readManagerConfig } from './config.ts'
import { startManager } from './start.ts'

// The manager's process: admission and controller. Prints one JSON line once it serves: {"ready": true, "address": {"host": …, "port": …}}.
const environment = readEnvironment()
clearAlone()
await runProcess(createLog('manager'), async () => {
  const config = readManagerConfig(environment)
  const log = createLog('manager', config.logLevel)
  const running = await startManager(config, { clock: systemClock, timers: systemTimers, random: systemRandom, log })
  systemTerminal.out(`${JSON.stringify({ ready: true, address: running.address })}\n`)
  return running
})
