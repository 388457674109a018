import { EXIT_MISCONFIGURED } from '../../contract/exit-codes.ts'
import { BodyRoom } from '../../runtime/body-room.ts'
import { systemClock } from '../../runtime/clock.ts'
import { readEnvironment } from '../../runtime/environment.ts'
import { leanEngine } from '../../runtime/lean-engine.ts'
import { createLeanLog } from '../../runtime/lean-log.ts'
import { type Running, runProcess } from '../../runtime/lifecycle.ts'
import type { Log } from '../../runtime/log.ts'
import { type MemoryShape, memoryLimitBytes, roomBytes } from '../../runtime/memory-limit.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { systemFiles } from '../files.ts'
import { connectLedger } from '../ledger-link.ts'
import { type ProxyConfig, readProxyConfig } from './config.ts'
import type { SidecarEffects } from './effects.ts'
import { listenOnLoopback } from './listen.ts'
import { createPassthrough } from './passthrough.ts'
import { Proxy } from './proxy.ts'

/** Measured with 20 bodies of 10 MiB at once, and with 200 of 1 MiB. */
const MEMORY: MemoryShape = { restMib: 96, bytesPerByte: 4 }

/** The native sidecar `jobcap-proxy`. */
async function main(): Promise<void> {
  const env = readEnvironment()
  leanEngine()
  const log = createLeanLog('jobcap-proxy', env['JOBCAP_LOG_LEVEL'])
  const config = readProxyConfig(env)
  if (typeof config === 'string') {
    log.fatal(config)
    process.exit(EXIT_MISCONFIGURED)
  }
  await runProcess(log, async () => start(log, config))
}

function start(log: Log, config: ProxyConfig): Running {
  const effects: SidecarEffects = {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    files: systemFiles,
    ledger: connectLedger(config.ledger, systemTimers),
    passthrough: createPassthrough(config.ledger),
    log,
    bodies: new BodyRoom(roomBytes(memoryLimitBytes(), MEMORY)),
  }
  const proxy = new Proxy(effects, config)
  void proxy.started.then(
    (pod) => pod.queues.prove(),
    () => {},
  )
  const ports: [number, string | undefined][] = [[config.port, undefined], ...config.vendorPorts]
  for (const [port, vendor] of ports) void listenOnLoopback(effects, port, () => proxy.serverFor(vendor))
  // Nothing is closed: an app that is still there is served to its end, and a connection closed by us proves nothing.
  return { drain: () => proxy.farewell() }
}

void main()
