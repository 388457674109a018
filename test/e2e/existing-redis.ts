import { makeAuthority, makeServing } from '../../certs/certificates.ts'
import { systemRandom } from '../../runtime/random.ts'
import { APP_IMAGE } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage, VENDORS } from './stage.ts'

const DAY_MS = 24 * 3_600_000
const PASSWORD = 'of-a-redis-that-was-there-already'
const HOST = `redis.${VENDORS}.svc`
const TLS = [
  ...['tls-cert-file /tls/tls.crt', 'tls-key-file /tls/tls.key', 'tls-ca-cert-file /tls/ca.crt'],
  ...['tls-auth-clients no', 'tls-replication yes', 'port 0'],
]
/** Files of the two, by their names in /data, where a Sentinel writes its own anew. */
const CONFIGS = {
  'redis.conf': [
    ...TLS,
    ...['tls-port 6379', `requirepass ${PASSWORD}`, 'dir /data', 'protected-mode no'],
    ...['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction'],
  ],
  'sentinel.conf': [
    ...TLS,
    ...['tls-port 26379', 'dir /data', 'protected-mode no'],
    // By its name, which the certificate holds, and not by an address.
    ...['sentinel resolve-hostnames yes', 'sentinel announce-hostnames yes'],
    ...[`sentinel monitor main ${HOST} 6379 1`, `sentinel auth-pass main ${PASSWORD}`],
  ],
}

/** Values of the chart for a Redis behind one Sentinel, both by TLS alone and the Redis with a password, which this starts. */
export async function startExistingRedis(stage: Stage, image: string): Promise<object> {
  const making = { random: systemRandom, nowMs: Date.now() }
  const authority = await makeAuthority(making, DAY_MS)
  const serving = await makeServing(making, { authority, dnsNames: [HOST], lifeMs: DAY_MS })
  const secret = (name: string, namespace: string, stringData: Readonly<Record<string, string>>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  })
  const labels = { app: 'redis' }
  const metadata = { name: 'redis', namespace: VENDORS }
  const mounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'tls', mountPath: '/tls', readOnly: true },
  ]
  const server = (name: string, ...args: readonly string[]) => ({
    name,
    image,
    imagePullPolicy: 'Never',
    command: ['/usr/bin/redis-server', ...args],
    volumeMounts: mounts,
  })
  const files = Object.entries(CONFIGS).map(([name, lines]) => [name, `${lines.join('\n')}\n`])
  const write = `for (const [name, text] of ${JSON.stringify(files)}) require('node:fs').writeFileSync('/data/' + name, text)`
  await stage.apply(
    secret('redis-tls', VENDORS, {
      'tls.crt': serving.certPem,
      'tls.key': serving.keyPem,
      'ca.crt': authority.certPem,
    }),
    secret('redis-password', OWN_NAMESPACE, { password: PASSWORD }),
    secret('redis-ca', OWN_NAMESPACE, { 'ca.crt': authority.certPem }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      // A Sentinel looks for its Redis by this name before any of the two is ready.
      spec: {
        selector: labels,
        publishNotReadyAddresses: true,
        ports: [6379, 26379].map((port) => ({ name: `p${port}`, port })),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, labels },
      spec: {
        initContainers: [
          { name: 'writes', image: APP_IMAGE, command: ['node', '--eval', write], volumeMounts: mounts },
        ],
        containers: [server('redis', '/data/redis.conf'), server('sentinel', '/data/sentinel.conf', '--sentinel')],
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'tls', secret: { secretName: 'redis-tls' } },
        ],
        securityContext: { runAsUser: 0 },
      },
    },
  )
  await stage.kubectl(['wait', '--for=condition=Ready', 'pod/redis', '-n', VENDORS, '--timeout=180s'])
  const redis = {
    address: `rediss+sentinel://${HOST}:26379/main`,
    passwordSecret: { name: 'redis-password' },
    caSecret: { name: 'redis-ca' },
  }
  return { store: { type: 'redis', redis } }
}
