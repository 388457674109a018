import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepAuthority } from '../../certs/authority.ts'
import { keepCaBundles } from '../../certs/ca-bundle.ts'
import { DEFAULT_LIVES } from '../../certs/lineage.ts'
import { keepMounted } from '../../certs/mounted.ts'
import { keepServing } from '../../certs/serving.ts'
import type { KubeDoors } from '../../kube/mirror.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { TlsPair } from '../../runtime/http-server.ts'
import type { Random } from '../../runtime/random.ts'

export interface CertificatesConfig {
  /** jobcap's own: the certificate authority is a Secret in it. */
  readonly namespace: string
  readonly authoritySecret: string
  /** Host names of admission's Service. */
  readonly dnsNames: readonly string[]
  /** Name of the webhook configurations whose `caBundle` is kept. */
  readonly webhookConfiguration: string
  /** Folder with `tls.crt`, `tls.key` and `ca.crt` of somebody else's authority, who announces it too; null: our own. */
  readonly tlsFolder: string | null
}

/** What admission serves by, and what Pods are told to trust the ledger by: both are signed by one authority. */
export interface Certificates {
  readonly first: TlsPair
  /** PEM of all authorities that are to be trusted now. */
  bundle(): string
  stop(): void
}

/** The API server asks nobody before its `caBundle` is in place: resolves when ours is. */
export async function keepCertificates(
  config: CertificatesConfig,
  doors: KubeDoors & { readonly clock: Clock; readonly random: Random },
  use: (pair: TlsPair) => void,
): Promise<Certificates> {
  const { tlsFolder } = config
  if (tlsFolder !== null) {
    const files = { certFile: join(tlsFolder, 'tls.crt'), keyFile: join(tlsFolder, 'tls.key') }
    const bundle = () => readFileSync(join(tlsFolder, 'ca.crt'), 'utf8')
    bundle()
    return { ...keepMounted({ ...doors, files, use }), bundle }
  }
  const lives = DEFAULT_LIVES
  const bundles = keepCaBundles(doors, config.webhookConfiguration)
  const authority = keepAuthority({
    ...doors,
    namespace: config.namespace,
    secretName: config.authoritySecret,
    lives,
  })
  const serving = await keepServing({
    ...doors,
    authority,
    lives,
    dnsNames: config.dnsNames,
    announce: (bundlePem) => bundles.announce(bundlePem),
    use,
  })
  return {
    first: serving.first,
    bundle: () => serving.bundle(),
    stop() {
      for (const part of [serving, authority, bundles]) part.stop()
    },
  }
}
