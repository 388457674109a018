import type { KubeDoors } from '../kube/mirror.ts'
import type { LedgerClient } from '../ledger/client.ts'
import type { Clock } from '../runtime/clock.ts'
import { type ListenAddress, type RunningServer, startHttpServer } from '../runtime/http-server.ts'
import { createMetrics } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import type { PlanSettings } from './plan.ts'
import { createAdmissionApp } from './server/app.ts'
import { type CertificatesConfig, keepCertificates } from './server/certificates.ts'
import { createEarlierRuns } from './server/earlier-runs.ts'
import { WEBHOOK_METRICS } from './server/metrics.ts'
import { rehearse } from './server/rehearsal.ts'
import { watchSources } from './server/sources.ts'

export { DEFAULT_RESOURCES, type PodResources, REASONS, requestedAboveLimit } from './plan.ts'

/**
 * The API server goes on with the connections that it has, also to a replica that no endpoint names any more, and fails a
 * review whose connection is closed just as it sends. One that stayed idle for this long is taken to stay so.
 */
const LAST_REVIEWS_MS = 5_000

export interface AdmissionConfig extends Omit<PlanSettings, 'ledgerCaPem'>, CertificatesConfig {
  /** Where the API server reaches admission. */
  readonly listen: ListenAddress
  /** A client of the ledger that trusts what this PEM says at each request. */
  connectLedger(caPem: () => string): LedgerClient
}

export type AdmissionDoors = KubeDoors & { readonly clock: Clock; readonly random: Random }

export interface RunningAdmission {
  readonly address: ListenAddress
  readonly ledger: LedgerClient
  /** Lets each connection have a last answer, then stops. */
  drain(): Promise<void>
}

/** Watches, signs, announces, then serves: the API server asks nobody before its `caBundle` is in place. */
export async function startAdmission(config: AdmissionConfig, doors: AdmissionDoors): Promise<RunningAdmission> {
  const { clock, log, timers } = doors
  const sources = watchSources(doors)
  const servers: RunningServer[] = []
  const certificates = await keepCertificates(config, doors, (pair) => {
    for (const server of servers) server.useTls(pair)
  })
  await sources.areThere
  const ledger = config.connectLedger(() => certificates.bundle())
  const settings = () => ({ ...config, ledgerCaPem: certificates.bundle() })
  const app = createAdmissionApp({
    earlierRuns: createEarlierRuns(ledger, doors),
    sources: { ...sources, settings },
    metrics: createMetrics(WEBHOOK_METRICS),
    clock,
    log,
  })
  await rehearse(settings())
  const server = await startHttpServer({ listen: config.listen, ...app, tls: certificates.first })
  servers.push(server)
  return {
    address: server.address,
    ledger,
    async drain() {
      const { promise: waited, resolve: goOn } = Promise.withResolvers<void>()
      const cancel = timers.after(LAST_REVIEWS_MS, goOn)
      await Promise.race([server.retire(), waited])
      cancel()
      await server.drain()
      for (const part of [certificates, sources]) part.stop()
    },
  }
}
