import { keepAuthority } from '../../certs/authority.ts'
import { DEFAULT_LIVES } from '../../certs/lineage.ts'
import { keepServing } from '../../certs/serving.ts'
import { connectKube } from '../../kube/api.ts'
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
  { store, stateFolder }: Pick<LedgerConfig, 'store' | 'stateFolder'>,
): Promise<Platform> {
  const { timers, log } = doors
  const kube = connectKube(timers)
  const watching = { kube, timers, log }
  const policies = createKubePolicies(watching)
  const secrets = createKubeSecrets(watching, config.namespace)
  const lives = DEFAULT_LIVES
  const authority = keepAuthority({
    ...watching,
    clock: doors.clock,
    random: doors.random,
    namespace: config.namespace,
    secretName: config.authoritySecret,
    lives,
  })
  const users: ((pair: TlsPair) => void)[] = []
  const serving = await keepServing({
    ...doors,
    authority,
    dnsNames: config.dnsNames,
    lives,
    // Pods trust what admission wrote into them, long before this certificate signs: nobody has to be told.
    announce: () => Promise.resolve(),
    use: (pair) => {
      for (const use of users) use(pair)
    },
  })
  await Promise.all([policies.isThere, secrets.isThere])
  return {
    policies,
    secrets,
    workloads: createKubeWorkloads(kube, log),
    operators: createKubeOperators(kube),
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
    onNewCertificate: (use) => void users.push(use),
    stop() {
      for (const part of [policies, secrets, authority, serving]) part.stop()
    },
  }
}
