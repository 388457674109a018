import { mkdirSync, rmSync } from 'node:fs'
import { BodyRoom } from '../runtime/body-room.ts'
import { GrowingRoom } from '../runtime/growing-room.ts'
import { type ListenAddress, type RunningServer, startHttpServer } from '../runtime/http-server.ts'
import type { Running } from '../runtime/lifecycle.ts'
import { type MemoryShape, memoryLimitBytes, roomBytes } from '../runtime/memory-limit.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { createReports } from './call/reports.ts'
import { createSends } from './call/sends.ts'
import type { LedgerConfig, StoreConfig } from './config.ts'
import type { Doors } from './doors.ts'
import { createPodCredentials } from './identity/pod-credential.ts'
import { createKeyedRuns } from './identity/run-key.ts'
import { createRunTermsCache } from './identity/run-terms.ts'
import type { Ledger } from './ledger.ts'
import { LEDGER_METRICS } from './metrics.ts'
import { openStore } from './open-store.ts'
import { createOperatorApp } from './operator/app.ts'
import { createKnownTotals } from './operator/run-totals.ts'
import { localPlatform } from './platform/local.ts'
import type { Platform } from './platform/platform.ts'
import { createRepair } from './repair/repair.ts'
import { createRetention } from './repair/retention.ts'
import { createSealer } from './seal.ts'
import { createListener, createWholeListener } from './server.ts'
import { createUndiciNetwork } from './vendor-client/undici-network.ts'

/** Reports that the store would not take are repeated this long before the process gives up and says so. */
const LAST_REPORTS_MS = 5_000

/** Measured with 20 bodies of 10 MiB at once, and 200 of 1 MiB; with 80 answers of 4 MiB, 40 of 15 and 10 of 40. Half for each. */
const MEMORY: MemoryShape = { restMib: 200, bytesPerByte: 2 * 4 }

export interface RunningLedger extends Running {
  readonly ledger: Ledger
  readonly addresses: readonly ListenAddress[]
  /** Of those that are no sockets. */
  readonly scheme: 'http' | 'https'
}

/** Opens the store, listens, takes up what an earlier process left. */
export async function startLedger(config: LedgerConfig, doors: Doors): Promise<RunningLedger> {
  mkdirSync(config.stateFolder, { recursive: true, mode: 0o700 })
  const platform = await (config.kubernetes === null
    ? localPlatform(config, doors)
    : // Its client is large, and is loaded only where there is a cluster.
      (await import('./platform/kubernetes.ts')).kubernetesPlatform(config.kubernetes, doors, config))
  const ledger = await createLedger(config, doors, platform)
  const handler = createListener(ledger, createOperatorApp(ledger, platform.operators))
  const whole = createWholeListener(ledger)
  const { tls } = platform
  const servers: RunningServer[] = []
  for (const listen of config.listen) {
    if ('socketPath' in listen) rmSync(listen.socketPath, { force: true })
    servers.push(
      await startHttpServer({ listen, handler, whole, ...('socketPath' in listen || tls === null ? {} : { tls }) }),
    )
  }
  platform.onNewCertificate((pair) => {
    for (const server of servers) server.useTls(pair)
  })
  const repair = createRepair(ledger)
  const retention = createRetention(ledger)
  void repair.walk()
  void retention.walk()
  return {
    ledger,
    addresses: servers.map(({ address }) => address),
    scheme: tls === null ? 'http' : 'https',
    async drain() {
      await Promise.all([...servers.map((server) => server.drain()), repair.stop(), retention.stop()])
      await ledger.sends.idle()
      const lost = await ledger.reports.flush(LAST_REPORTS_MS)
      ledger.sends.stop()
      await ledger.network.close()
      await ledger.store.close()
      platform.stop()
      if (lost === 0) return 0
      ledger.log.error(
        { reports: lost },
        'the store did not take these reports; the next start takes the calls up again',
      )
      return 1
    },
  }
}

async function createLedger(config: LedgerConfig, doors: Doors, platform: Platform): Promise<Ledger> {
  const { settings } = config
  const { clock, random, log } = doors
  const { key: masterKey, isUnused, markUsed } = await platform.masterKey()
  const { store, care } = await openStore(initialised(config.store, isUnused), masterKey, doors)
  await markUsed()
  const largeBytes = roomBytes(memoryLimitBytes(), MEMORY)
  return {
    clock,
    timers: doors.timers,
    random,
    log,
    settings,
    waived: config.store.kind === 'redis' ? config.store.waived : [],
    store,
    care,
    policies: platform.policies,
    secrets: platform.secrets,
    workloads: platform.workloads,
    network: createUndiciNetwork(doors.timers, config.vendorProxy),
    metrics: createMetrics(LEDGER_METRICS),
    sealer: createSealer(masterKey, random),
    credentials: createPodCredentials(masterKey),
    keyedRuns: createKeyedRuns(masterKey),
    runTerms: createRunTermsCache(store),
    totals: createKnownTotals(store),
    sends: createSends({ ...doors, store }),
    reports: createReports({ ...doors, store }),
    bodies: new BodyRoom(largeBytes),
    answers: new GrowingRoom(largeBytes),
  }
}

/** A key that no store was opened with has no store that could have lost its data. */
function initialised(store: StoreConfig, isKeyUnused: boolean): StoreConfig {
  return store.kind === 'redis' && isKeyUnused ? { ...store, initialise: true } : store
}
