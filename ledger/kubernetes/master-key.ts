import { isConflict, type KubeApi } from '../../kube/api.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Random } from '../../runtime/random.ts'
import type { MasterKey } from '../platform/platform.ts'

const FIELD = 'master-key'
/** Stands beside the key until a store has been opened with it. */
const UNUSED_FIELD = 'unused'
/** Not Opaque, so that no policy can name it as the secret of a vendor. */
const TYPE = 'jobcap.dev/master-key'

export interface MasterKeyPlace {
  readonly kube: KubeApi
  readonly random: Random
  readonly namespace: string
  readonly name: string
}

/** The key that all replicas share, in a Secret that whichever replica is first makes. */
export async function readOrCreateMasterKey(place: MasterKeyPlace): Promise<MasterKey> {
  const { kube, random, namespace, name } = place
  const list = `/api/v1/namespaces/${namespace}/secrets`
  const path = `${list}/${name}`
  for (;;) {
    const found = await kube.get<Secret>(path)
    if (found !== undefined) return keyOf(found, { kube, path })
    const stringData = { [FIELD]: random.hex(32), [UNUSED_FIELD]: 'true' }
    try {
      await kube.create(list, {
        apiVersion: 'v1',
        kind: 'Secret',
        type: TYPE,
        metadata: { namespace, name },
        stringData,
      })
    } catch (fault) {
      if (!isConflict(fault)) throw fault
    }
  }
}

function keyOf(
  { data = {}, metadata }: Secret,
  { kube, path }: { readonly kube: KubeApi; readonly path: string },
): MasterKey {
  const hex = Buffer.from(data[FIELD] ?? '', 'base64').toString('utf8')
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new Error(`Secret ${metadata.name} does not hold a key: put back the right one, nothing was changed`)
  }
  const isUnused = data[UNUSED_FIELD] !== undefined
  return {
    key: Buffer.from(hex, 'hex'),
    isUnused,
    async markUsed() {
      if (isUnused) await kube.merge(path, { data: { [UNUSED_FIELD]: null } })
    },
  }
}
