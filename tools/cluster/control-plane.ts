// A real control plane on this machine: etcd, kube-apiserver and kube-controller-manager, each a process with its data in
// a folder of its own. Alone, on loopback, it is enough for admission, identity, RBAC and the Job controller: Pods are
// made and stay pending. `one-node.ts` puts a node under it.
import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../scene/free-port.ts'

const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const
const READY_WITHIN_MS = 120_000
const ASK_EVERY_MS = 250

export interface ControlPlane {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string
  /** Bearer of the user in it. */
  readonly adminToken: string
  stop(): Promise<void>
}

/** Where it runs, and what it controls. */
export interface ControlPlanePlace {
  /** Of the API server; default loopback. */
  readonly address?: string
  /** Command that runs another one in a network namespace. */
  readonly within?: readonly string[]
  /** Of the controller manager; default: what Jobs and namespaces need. */
  readonly controllers?: string
}

const JOB_CONTROLLERS =
  'job-controller,cronjob-controller,namespace-controller,serviceaccount-controller,garbage-collector-controller,root-ca-certificate-publisher-controller'

/** Where `tools/cluster/build.sh` puts the programs: each `KUBE_VERSION` has a folder of its own. */
export function clusterPrograms(): string {
  const { CLUSTER_BIN: folder, KUBE_VERSION: version = '' } = process.env
  return folder ?? join(homedir(), `.cache/jobcap-cluster/bin${version === '' ? '' : `-${version}`}`)
}

/** Of a control plane that was started in `folder`. */
export function kubeconfigIn(folder: string): string {
  return join(folder, 'kubeconfig')
}

export function isBuilt(program: string): boolean {
  return existsSync(join(clusterPrograms(), program))
}

/** Those of a control plane, and others that are named, that are not there yet. */
export function missingPrograms(...others: readonly string[]): string[] {
  return [...PROGRAMS, ...others].filter((program) => !isBuilt(program))
}

/** Starts all three in `folder`, where their logs are kept too. Rejects when one ends or is not ready in time. */
export async function startControlPlane(folder: string, place: ControlPlanePlace = {}): Promise<ControlPlane> {
  const { address = '127.0.0.1', within = [], controllers = JOB_CONTROLLERS } = place
  mkdirSync(folder, { recursive: true })
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3)
  const children: ChildProcess[] = []
  const start = (program: (typeof PROGRAMS)[number], args: readonly string[]) => {
    const log = openSync(join(folder, `${program}.log`), 'a')
    const [command = '', ...rest] = [...within, join(clusterPrograms(), program), ...args]
    children.push(spawn(command, rest, { cwd: folder, stdio: ['ignore', log, log] }))
  }
  const stop = async () => {
    for (const child of children.toReversed()) await endProcess(child)
  }
  try {
    const token = writeCredentials(folder)
    start('etcd', etcdArguments(folder, { etcdPort, peerPort }))
    start('kube-apiserver', apiServerArguments(folder, { etcdPort, apiPort, address }))
    await untilReady(children, { folder, address, apiPort, token })
    const kubeconfig = writeKubeconfig(folder, { server: `https://${address}:${apiPort}`, token })
    start('kube-controller-manager', [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${join(folder, 'sa.key')}`,
      `--root-ca-file=${join(folder, 'pki/apiserver.crt')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      `--controllers=${controllers}`,
      '--secure-port=0',
    ])
    return { kubeconfig, adminToken: token, stop }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/** Resolves when it is gone; at once when it is already. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function etcdArguments(
  folder: string,
  { etcdPort, peerPort }: { readonly etcdPort: number; readonly peerPort: number },
) {
  const client = `http://127.0.0.1:${etcdPort}`
  const peer = `http://127.0.0.1:${peerPort}`
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
  ]
}

function apiServerArguments(
  folder: string,
  { etcdPort, apiPort, address }: { readonly etcdPort: number; readonly apiPort: number; readonly address: string },
) {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    // A webhook's Service is reached by the addresses of its Pods.
    '--enable-aggregator-routing=true',
    // Nobody here knows the name of a node.
    '--kubelet-preferred-address-types=InternalIP',
    `--secure-port=${apiPort}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    `--cert-dir=${join(folder, 'pki')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(folder, 'sa.key')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
  ]
}

/** The administrator's token. */
function writeCredentials(folder: string): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  const token = randomBytes(24).toString('hex')
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 })
  return token
}

function writeKubeconfig(
  folder: string,
  { server, token }: { readonly server: string; readonly token: string },
): string {
  const path = kubeconfigIn(folder)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server,
          // Signed by itself, so it is its own authority.
          'certificate-authority-data': readFileSync(join(folder, 'pki/apiserver.crt')).toString('base64'),
        },
      },
    ],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
  return path
}

interface Waiting {
  readonly folder: string
  readonly address: string
  readonly apiPort: number
  readonly token: string
}

async function untilReady(
  children: readonly ChildProcess[],
  { folder, address, apiPort, token }: Waiting,
): Promise<void> {
  const untilMs = Date.now() + READY_WITHIN_MS
  while (Date.now() < untilMs) {
    if (children.some(({ exitCode }) => exitCode !== null)) break
    if (await isReady({ host: address, port: apiPort }, token)) return
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  throw new Error(`the control plane did not start; its logs are in ${folder}`)
}

function isReady(at: { readonly host: string; readonly port: number }, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` }
    // Its certificate is known only once it has made it.
    const asking = request({ ...at, path: '/readyz', headers, rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asking.on('error', () => resolve(false))
    asking.end()
  })
}
