import type { Vendor } from '../../policy/policy.ts'
import { appSideOf } from '../../vendors/registry/app.ts'
import type { NamedVendors } from './environment.ts'
import { type JsonObject, objectAt, objectsAt, textAt } from './json.ts'
import { type Warning, warn } from './outcome.ts'
import { nameOf, podOf } from './pod.ts'

interface MountedSecret {
  readonly volume: string
  /** `Secret`, or what a CSI driver takes it by. */
  readonly kind: string
  readonly secret: string
  /** Keys that are named one by one; empty: all of them. */
  readonly keys: readonly string[]
}

/** Warns of mounted Secrets that by name or key look like a vendor's. They are left as they are: the app may need the rest. */
export function warnOfSecretVolumes(job: JsonObject, policy: NamedVendors, warnings: Warning[]): void {
  for (const mounted of objectsAt(podOf(job), 'volumes').flatMap(secretsOf)) {
    const vendor = policy.vendors.find((candidate) => looksLikeSecretOf(candidate, mounted))
    if (vendor === undefined) continue
    warn(
      warnings,
      'secret_volume',
      `Volume ${mounted.volume} mounts ${mounted.kind} ${mounted.secret}, which looks like the secret of ${vendor.name}; take it away: the ledger puts in the real one.`,
    )
  }
}

function secretsOf(volume: JsonObject): MountedSecret[] {
  const provided = textAt(objectAt(volume, 'csi', 'volumeAttributes'), 'secretProviderClass')
  if (provided !== undefined) {
    return [{ volume: nameOf(volume), kind: 'SecretProviderClass', secret: provided, keys: [] }]
  }
  const sources = [
    { secret: textAt(objectAt(volume, 'secret'), 'secretName'), from: objectAt(volume, 'secret') },
    ...objectsAt(objectAt(volume, 'projected'), 'sources').map((source) => ({
      secret: textAt(objectAt(source, 'secret'), 'name'),
      from: objectAt(source, 'secret'),
    })),
  ]
  return sources.flatMap(({ secret, from }) => {
    if (secret === undefined) return []
    const keys = objectsAt(from, 'items').map((item) => textAt(item, 'key') ?? '')
    return [{ volume: nameOf(volume), kind: 'Secret', secret, keys }]
  })
}

function looksLikeSecretOf(vendor: Vendor, { secret, keys }: MountedSecret): boolean {
  const { name, type, secretRef } = vendor
  const hasWord = (word: string) => `-${secret.replaceAll('.', '-')}-`.includes(`-${word}-`)
  return (
    secret === secretRef.name ||
    hasWord(name) ||
    (type !== 'generic' && hasWord(type)) ||
    keys.some((key) => appSideOf(vendor).secretEnvs.includes(key.toUpperCase().replaceAll('-', '_')))
  )
}
