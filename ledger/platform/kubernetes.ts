import { keepAuthority } from '../../certs/authority.ts'
import { DEFAULT_LIVES } from '../../certs/lineage.ts'
import { keepMounted, type MountedServing } from '../../certs/mounted.ts'
import { keepServing } from '../../certs/serving.ts'
import { connectKube } from '../../kube/api.ts'
import type { KubeDoors } from '../../kube/mirror.ts'
import type { TlsPair } from '../../runtime/http-server.ts'
import type { KubernetesConfig, LedgerConfig } from '../config.ts'
import type { Doors } from '../doors.ts'
import { readOrCreateMasterKey } from '../kubernetes/master-key.ts'
import { createKubeOperators } from '../kubernetes/operators.ts'
import { createKubePolicies } from '../kubernetes/policies.ts'
import { createKubeSecrets } from '../kubernetes/secrets.ts'
import { createKubeWorkloads } from '../kubernetes/workloads.ts'
import { masterKeyFile } from './local.ts'
import type { Platform } from './platform.ts'

/** A cluster: its API server says who asks and what they may do, and holds policies, secrets and the certificate authority. */
export async function kubernetesPlatform(
  config: KubernetesConfig,
  doors: Doors,
  { store, stateFolder, tls }: Pick<LedgerConfig, 'store' | 'stateFolder' | 'tls'>,
): Promise<Platform> {
  const { timers, log } = doors
  const kube = connectKube(timers)
  const watching = { kube, timers, log }
  const policies = createKubePolicies(watching)
  const secrets = createKubeSecrets(watching, config.namespace)
  const users: ((pair: TlsPair) => void)[] = []
  const use = (pair: TlsPair) => {
    for (const user of users) user(pair)
  }
  const serving =
    tls === null ? await ownCertificate({ ...doors, kube }, config, use) : keepMounted({ ...doors, files: tls, use })
  await Promise.all([policies.isThere, secrets.isThere])
  return {
    policies,
    secrets,
    workloads: createKubeWorkloads(kube, log),
    operators: createKubeOperators(kube, log),
    async masterKey() {
      // A SQLite file has one replica, whose volume holds both.
      if (store.kind === 'sqlite') return masterKeyFile(stateFolder, doors.random)
      return readOrCreateMasterKey({
        kube,
        random: doors.random,
        namespace: config.namespace,
        name: config.masterKeySecret,
      })
    },
    tls: serving.first,
    onNewCertificate: (user) => void users.push(user),
    stop() {
      for (const part of [policies, secrets, serving]) part.stop()
    },
  }
}

/** Signed by the install's own authority. */
async function ownCertificate(
  doors: Doors & KubeDoors,
  { namespace, authoritySecret, dnsNames }: KubernetesConfig,
  use: (pair: TlsPair) => void,
): Promise<MountedServing> {
  const lives = DEFAULT_LIVES
  const authority = keepAuthority({ ...doors, namespace, secretName: authoritySecret, lives })
  // Pods trust what admission wrote into them, long before this certificate signs: nobody has to be told.
  const announce = () => Promise.resolve()
  const serving = await keepServing({ ...doors, authority, dnsNames, lives, announce, use })
  return {
    first: serving.first,
    stop() {
      serving.stop()
      authority.stop()
    },
  }
}
