import { type KubeDoors, mirror } from '../../kube/mirror.ts'
import type { Secret as SecretObject } from '../../kube/objects.ts'
import { Secret, type VendorSecrets } from '../effects.ts'

export interface KubeSecrets extends VendorSecrets {
  /** Resolves when they have been read once. */
  readonly isThere: Promise<void>
  stop(): void
}

/** The Secrets of jobcap's own namespace, by watch: a new one holds from the next call on. A line's end at the end is not part of it. */
export function createKubeSecrets(doors: KubeDoors, namespace: string): KubeSecrets {
  const watched = mirror<SecretObject, ReadonlyMap<string, Secret>>(doors, {
    path: `/api/v1/namespaces/${namespace}/secrets?fieldSelector=type%3DOpaque`,
    pick: ({ data = {} }) => new Map(Object.entries(data).map(([key, base64]) => [key, secretOf(base64)])),
  })
  return {
    isThere: watched.isThere,
    read: ({ name, key }) => watched.get(`${namespace}/${name}`)?.get(key),
    stop: () => watched.stop(),
  }
}

function secretOf(base64: string): Secret {
  return new Secret(
    Buffer.from(base64, 'base64')
      .toString('utf8')
      .replace(/\r?\n$/, ''),
  )
}
