import { keepAuthority } from '../certs/authority.ts'
import { keepCaBundles } from '../certs/ca-bundle.ts'
import { DEFAULT_LIVES } from '../certs/lineage.ts'
import { keepServing } from '../certs/serving.ts'
import type { KubeDoors } from '../kube/mirror.ts'
import type { LedgerClient } from '../ledger/client.ts'
import type { Clock } from '../runtime/clock.ts'
import { type ListenAddress, type RunningServer, startHttpServer } from '../runtime/http-server.ts'
import { createMetrics } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import type { PlanSettings } from './plan.ts'
import { createAdmissionApp } from './server/app.ts'
import { createEarlierRuns } from './server/earlier-runs.ts'
import { WEBHOOK_METRICS } from './server/metrics.ts'
import { watchSources } from './server/sources.ts'

export { DEFAULT_RESOURCES, type PodResources, REASONS } from './plan.ts'

export interface AdmissionConfig extends Omit<PlanSettings, 'ledgerCaPem'> {
  /** jobcap's own: the certificate authority is a Secret in it. */
  readonly namespace: string
  /** Where the API server reaches admission. */
  readonly listen: ListenAddress
  /** Host names of admission's Service. */
  readonly dnsNames: readonly string[]
  /** Name of the webhook configurations whose `caBundle` is kept. */
  readonly webhookConfiguration: string
  readonly authoritySecret: string
  /** A client of the ledger that trusts what this PEM says at each request. */
  connectLedger(caPem: () => string): LedgerClient
}

export type AdmissionDoors = KubeDoors & { readonly clock: Clock; readonly random: Random }

export interface RunningAdmission {
  readonly address: ListenAddress
  readonly ledger: LedgerClient
  /** Answers what is in flight, then stops. */
  drain(): Promise<void>
}

/** Watches, signs, announces, then serves: the API server asks nobody before its `caBundle` is in place. */
export async function startAdmission(config: AdmissionConfig, doors: AdmissionDoors): Promise<RunningAdmission> {
  const { clock, log } = doors
  const lives = DEFAULT_LIVES
  const sources = watchSources(doors)
  const bundles = keepCaBundles(doors, config.webhookConfiguration)
  const authority = keepAuthority({
    ...doors,
    namespace: config.namespace,
    secretName: config.authoritySecret,
    lives,
  })
  const servers: RunningServer[] = []
  const serving = await keepServing({
    ...doors,
    authority,
    lives,
    dnsNames: config.dnsNames,
    announce: (bundlePem) => bundles.announce(bundlePem),
    use(pair) {
      for (const server of servers) server.useTls(pair)
    },
  })
  await sources.areThere
  const ledger = config.connectLedger(() => serving.bundle())
  const handler = createAdmissionApp({
    earlierRuns: createEarlierRuns(ledger, doors),
    sources: { ...sources, settings: () => ({ ...config, ledgerCaPem: serving.bundle() }) },
    metrics: createMetrics(WEBHOOK_METRICS),
    clock,
    log,
  })
  const server = await startHttpServer({ listen: config.listen, handler, tls: serving.first })
  servers.push(server)
  return {
    address: server.address,
    ledger,
    async drain() {
      await server.drain()
      for (const part of [serving, authority, bundles, sources]) part.stop()
    },
  }
}
