import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../runtime/clock.ts'
import type { Environment } from '../runtime/environment.ts'
import { type ListenAddress, type RunningServer, startHttpServer } from '../runtime/http-server.ts'
import { readOrCreateKeyFile } from '../runtime/key-file.ts'
import type { Running } from '../runtime/lifecycle.ts'
import type { Log } from '../runtime/log.ts'
import { createMetrics } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'
import { createReports } from './call/reports.ts'
import { createSends } from './call/sends.ts'
import type { LedgerConfig } from './config.ts'
import { createLocalWorkloads } from './identity/local-workloads.ts'
import { createPodCredentials } from './identity/pod-credential.ts'
import { createRunTermsCache } from './identity/run-terms.ts'
import type { Ledger } from './ledger.ts'
import { LEDGER_METRICS } from './metrics.ts'
import { openStore } from './open-store.ts'
import { createOperatorApp } from './operator/app.ts'
import { readOperatorToken } from './operator/token.ts'
import { createPolicyFileSource } from './policies/policy-file-source.ts'
import { createRepair } from './repair/repair.ts'
import { createRetention } from './repair/retention.ts'
import { createSealer } from './seal.ts'
import { createSecretFiles } from './secrets/secret-files.ts'
import { createListener } from './server.ts'
import { createUndiciNetwork } from './vendor-client/undici-network.ts'

/** Reports that the store would not take are repeated this long before the process gives up and says so. */
const LAST_REPORTS_MS = 5_000

/** The doors of the process. */
export interface Doors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly environment: Environment
  readonly log: Log
}

export interface RunningLedger extends Running {
  readonly ledger: Ledger
  readonly addresses: readonly ListenAddress[]
}

/** Opens the store, listens, takes up what an earlier process left. */
export async function startLedger(config: LedgerConfig, doors: Doors): Promise<RunningLedger> {
  mkdirSync(config.stateFolder, { recursive: true, mode: 0o700 })
  const ledger = await createLedger(config, doors)
  const operators = createOperatorApp(ledger, readOperatorToken(config.stateFolder, doors.random))
  const handler = createListener(ledger, operators)
  const tls = readTls(config)
  const servers: RunningServer[] = []
  for (const listen of config.listen) {
    if ('socketPath' in listen) rmSync(listen.socketPath, { force: true })
    servers.push(await startHttpServer({ listen, handler, ...('socketPath' in listen || tls === null ? {} : { tls }) }))
  }
  const repair = createRepair(ledger)
  const retention = createRetention(ledger)
  void repair.walk()
  void retention.walk()
  return {
    ledger,
    addresses: servers.map(({ address }) => address),
    async drain() {
      await Promise.all([...servers.map((server) => server.drain()), repair.stop(), retention.stop()])
      await ledger.sends.idle()
      const lost = await ledger.reports.flush(LAST_REPORTS_MS)
      ledger.sends.stop()
      await ledger.network.close()
      await ledger.store.close()
      if (lost === 0) return 0
      ledger.log.error(
        { reports: lost },
        'the store did not take these reports; the next start takes the calls up again',
      )
      return 1
    },
  }
}

async function createLedger(config: LedgerConfig, { environment, ...doors }: Doors): Promise<Ledger> {
  const { stateFolder, settings } = config
  const { clock, random, log } = doors
  const policies = createPolicyFileSource(config.policyFile, log)
  const masterKey = readOrCreateKeyFile(join(stateFolder, 'master-key'), random)
  const store = await openStore(config.store, masterKey, doors)
  return {
    ...doors,
    settings,
    store,
    policies,
    network: createUndiciNetwork(doors.timers),
    secrets: createSecretFiles(config.secretsFolder, environment, clock),
    workloads: createLocalWorkloads({
      tokenKey: readOrCreateKeyFile(config.podTokenKeyFile, random),
      endedPodsFile: join(stateFolder, 'ended-pods'),
      clock,
    }),
    metrics: createMetrics(LEDGER_METRICS),
    sealer: createSealer(masterKey, random),
    credentials: createPodCredentials(masterKey),
    runTerms: createRunTermsCache(store),
    sends: createSends({ ...doors, store }),
    reports: createReports({ ...doors, store }),
  }
}

function readTls({ tls }: LedgerConfig): { certPem: string; keyPem: string } | null {
  if (tls === null) return null
  return { certPem: readFileSync(tls.certFile, 'utf8'), keyPem: readFileSync(tls.keyFile, 'utf8') }
}
