import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { connectKube, type KubeApi } from '../../kube/api.ts'
import type { Job } from '../../kube/objects.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { type ControlPlane, startControlPlane } from '../../tools/cluster/control-plane.ts'
import { freePort } from '../../tools/scene/free-port.ts'
import { end, type FakeVendor, readyLine, STRIPE_SECRET, startNode, startVendor } from '../ledger/rig.ts'
import { askLedger } from './ask-ledger.ts'
import { CHART, helm, kubeconfigWith, pointWebhooks } from './chart.ts'
import { examplePolicy } from './example.ts'
import { runKubectl } from './kubectl.ts'

const ROOT = join(import.meta.dirname, '../..')
export const OWN_NAMESPACE = 'jobcap'
export const TEAM = 'billing'

/** A control plane with jobcap on it: manager and ledger are processes of this machine, the webhook is reached by URL. */
export interface Cluster {
  readonly folder: string
  readonly kube: KubeApi
  readonly stripe: FakeVendor
  readonly ledgerUrl: string
  /** PEM that the ledger's certificate is signed by. */
  readonly caPem: string
  /** Bearer of a user with all rights. */
  readonly adminToken: string
  /** Runs kubectl; rejects with what it said. `warnings`: on standard error. */
  kubectl(args: readonly string[], stdin?: string): Promise<{ readonly out: string; readonly warnings: string }>
  apply(object: object): Promise<{ readonly out: string; readonly warnings: string }>
  /** Asks the ledger. */
  ask(asked: LedgerAsk): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>
  /** A token of a service account, of a Pod where one is named. */
  token(asked: { readonly account: string; readonly audience?: string; readonly pod?: string }): Promise<string>
  /** Issuer and proxy of a Pod, as processes of this machine with the Pod's own token. Resolves to the proxy's address. */
  startSidecar(podName: string): Promise<string>
  /** Asks until `find` gives something. */
  until<Found>(what: string, find: () => Promise<Found | undefined>): Promise<Found>
  managerLog(): string
  /** The manager's process stands still until the answer is called. */
  holdManager(): () => void
  ledgerLog(): string
  stop(): Promise<void>
}

interface LedgerAsk {
  readonly path: string
  readonly token: string
  readonly json?: object
}

/** How jobcap's objects come into the cluster, and as whom its processes act. */
export interface Setting {
  /** By `helm install`, each process under its own service account; else by hand, with all rights. */
  readonly byChart?: boolean
}

export async function startCluster({ byChart = false }: Setting = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-cluster-'))
  const plane = await startControlPlane(join(folder, 'control-plane'))
  const running = new Set<ChildProcess>()
  const stop = async () => {
    await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
    await plane.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    return await install({ folder, plane, running, stop, byChart })
  } catch (fault) {
    await stop()
    throw fault
  }
}

interface Bare {
  readonly folder: string
  readonly plane: ControlPlane
  readonly running: Set<ChildProcess>
  readonly stop: () => Promise<void>
  readonly byChart: boolean
}

async function install({ folder, plane, running, stop, byChart }: Bare): Promise<Cluster> {
  const kube = connectKube(systemTimers, plane.kubeconfig)
  const kubectl = (args: readonly string[], stdin?: string) => runKubectl(plane.kubeconfig, args, stdin)
  const apply = (object: object) => kubectl(['apply', '-f', '-'], stringify(object))

  if (byChart) {
    const { kubeconfig } = plane
    await helm(
      folder,
      'install',
      'jobcap',
      CHART,
      '--namespace',
      OWN_NAMESPACE,
      '--create-namespace',
      '--kubeconfig',
      kubeconfig,
    )
  } else await installByHand(kubectl)
  await kubectl(['create', 'namespace', TEAM])
  await kubectl(['label', 'namespace', TEAM, 'jobcap.dev/inject=enabled'])
  await kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', TEAM, '--timeout=60s'])
  await kubectl([
    'create',
    'secret',
    'generic',
    'stripe',
    '-n',
    OWN_NAMESPACE,
    `--from-literal=api-key=${STRIPE_SECRET}`,
  ])
  await kubectl(['wait', '--for=condition=established', 'crd/cappolicies.jobcap.dev', '--timeout=60s'])
  const stripe = await startVendor('stripe', folder, running)
  await apply(examplePolicy(stripe.url))

  const token = async ({ account, audience, pod }: Parameters<Cluster['token']>[0]) => {
    const [namespace = '', name = ''] = account.split('/')
    const bound = pod === undefined ? [] : [`--bound-object-kind=Pod`, `--bound-object-name=${pod}`]
    const wanted = audience === undefined ? [] : [`--audience=${audience}`]
    return (await kubectl(['create', 'token', name, '-n', namespace, ...wanted, ...bound])).out.trim()
  }
  const environmentOf = async (part: 'ledger' | 'manager') => {
    if (!byChart) return { KUBECONFIG: plane.kubeconfig }
    return { KUBECONFIG: kubeconfigWith(plane.kubeconfig, await token({ account: `${OWN_NAMESPACE}/jobcap-${part}` })) }
  }
  const ledger = startNode(
    [
      join(ROOT, 'ledger/main.ts'),
      ...['--kubernetes', '--namespace', OWN_NAMESPACE, '--dns-names', 'localhost,jobcap-ledger.jobcap.svc'],
      ...['--store', 'sqlite:ledger.db', '--state', 'state', '--listen', '127.0.0.1:0'],
    ],
    running,
    { cwd: folder, environment: await environmentOf('ledger') },
  )
  const ledgerReady = (await readyLine(ledger.process, ledger.log)) as { addresses: string[] }
  const ledgerUrl = (ledgerReady.addresses[0] ?? '').replace('127.0.0.1', 'localhost')
  const tokenFile = join(folder, 'manager-token')
  writeFileSync(
    tokenFile,
    await token({ account: `${OWN_NAMESPACE}/${byChart ? 'jobcap-' : ''}manager`, audience: 'jobcap' }),
  )

  const manager = startNode([join(ROOT, 'controller/main.ts')], running, {
    cwd: folder,
    environment: {
      ...(await environmentOf('manager')),
      JOBCAP_NAMESPACE: OWN_NAMESPACE,
      JOBCAP_HOST: '127.0.0.1',
      JOBCAP_PORT: '0',
      JOBCAP_DNS_NAMES: 'localhost',
      JOBCAP_IMAGE: 'jobcap:test',
      JOBCAP_LEDGER_URL: ledgerUrl,
      JOBCAP_TOKEN_FILE: tokenFile,
    },
  })
  const { address } = (await readyLine(manager.process, manager.log)) as { address: { port: number } }
  const admitUrl = `https://localhost:${address.port}/admit`
  await (byChart ? pointWebhooks(kube, admitUrl) : apply(webhookOf(admitUrl)))
  const until = async <Found>(what: string, find: () => Promise<Found | undefined>): Promise<Found> => {
    for (let tries = 0; tries < 200; tries += 1) {
      const found = await find()
      if (found !== undefined) return found
      await new Promise((resolve) => setImmediate(resolve))
    }
    throw new Error(`${what} did not come about.\nmanager: ${manager.log()}\nledger: ${ledger.log()}`)
  }
  const caPem = Buffer.from(
    (await kubectl(['get', 'secret', 'jobcap-ca', '-n', OWN_NAMESPACE, '-o', 'jsonpath={.data.ca\\.crt}'])).out,
    'base64',
  ).toString()
  await kubectl([
    'wait',
    '--for=jsonpath={.webhooks[0].clientConfig.caBundle}',
    'mutatingwebhookconfiguration/jobcap',
    '--timeout=60s',
  ])
  const startSidecar = async (podName: string) => {
    const port = await freePort()
    const state = join(folder, `sidecar-${podName}`)
    mkdirSync(state)
    const environment = {
      JOBCAP_LEDGER_URL: ledgerUrl,
      JOBCAP_LEDGER_CA_PEM: caPem,
      JOBCAP_STATE_DIR: state,
      JOBCAP_TOKEN_FILE: join(state, 'token'),
      JOBCAP_TERMINATION_LOG: join(state, 'termination-log'),
      JOBCAP_PORT: String(port),
    }
    const podToken = await token({ account: `${TEAM}/default`, audience: 'jobcap', pod: podName })
    writeFileSync(environment.JOBCAP_TOKEN_FILE, podToken)
    startNode([join(ROOT, 'sidecar/proxy/main.ts')], running, { environment })
    const issuer = startNode([join(ROOT, 'sidecar/issuer/main.ts')], running, { environment })
    const [code] = (await once(issuer.process, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`the issuer ended with ${code}: ${issuer.log()}`)
    return `http://127.0.0.1:${port}`
  }
  return {
    folder,
    kube,
    startSidecar,
    stripe,
    ledgerUrl,
    caPem,
    adminToken: plane.adminToken,
    kubectl,
    apply,
    token,
    ask: ({ path, ...asked }) => askLedger({ ...asked, url: `${ledgerUrl}${path}`, caPem }),
    until,
    managerLog: manager.log,
    holdManager() {
      manager.process.kill('SIGSTOP')
      return () => void manager.process.kill('SIGCONT')
    },
    ledgerLog: ledger.log,
    stop,
  }
}

/** What the chart brings, as far as a process with all rights needs it. */
async function installByHand(kubectl: Cluster['kubectl']): Promise<void> {
  await kubectl(['apply', '-f', join(ROOT, 'manifests/crd/cappolicies.jobcap.dev.yaml')])
  await kubectl(['create', 'namespace', OWN_NAMESPACE])
  await kubectl(['create', 'serviceaccount', 'manager', '-n', OWN_NAMESPACE])
  await kubectl([
    'create',
    'clusterrolebinding',
    'manager',
    '--clusterrole=cluster-admin',
    `--serviceaccount=${OWN_NAMESPACE}:manager`,
  ])
}

/** A Job with one app container that holds a reference to the vendor's secret. */
export function jobNamed(name: string, more: { readonly spec?: object; readonly metadata?: object } = {}): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: TEAM, ...more.metadata },
    spec: {
      completions: 2,
      parallelism: 2,
      template: {
        spec: {
          restartPolicy: 'OnFailure',
          containers: [
            {
              name: 'app',
              image: 'billing:1',
              env: [{ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'stripe', key: 'api-key' } } }],
            },
          ],
        },
      },
      ...more.spec,
    },
  }
}

export type AnyJob = Job & {
  readonly spec: { readonly template: { readonly spec: Readonly<Record<string, unknown>> } }
}

function webhookOf(url: string): object {
  const webhook = (operation: string, resources: readonly string[]) => ({
    name: `${operation.toLowerCase()}.jobcap.dev`,
    clientConfig: { url },
    rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: [operation], resources }],
    namespaceSelector: { matchLabels: { 'jobcap.dev/inject': 'enabled' } },
    failurePolicy: operation === 'CREATE' ? 'Fail' : 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 10,
  })
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'jobcap' },
    webhooks: [
      webhook('CREATE', ['jobs', 'cronjobs']),
      webhook('UPDATE', ['jobs', 'cronjobs']),
      // Asked about nothing: says, as the chart's do, in which namespace jobcap is.
      { ...webhook('DELETE', ['cronjobs']), clientConfig: { service: { name: 'jobcap', namespace: OWN_NAMESPACE } } },
    ],
  }
}
