import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'
import { readTruth, type TruthCall } from '../../fake-vendors/truth.ts'
import { connectKube, type KubeApi } from '../../kube/api.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { clusterPrograms } from '../../tools/cluster/control-plane.ts'
import { joinOneNode, type OneNode, startOneNode } from '../../tools/cluster/one-node.ts'
import { provePodsRun } from '../../tools/cluster/proof.ts'
import { askLedger } from '../kubernetes/ask-ledger.ts'
import { CHART, helm } from '../kubernetes/chart.ts'
import { examplePolicy } from '../kubernetes/example.ts'
import { runKubectl } from '../kubernetes/kubectl.ts'

const ROOT = join(import.meta.dirname, '../..')
export const OWN_NAMESPACE = 'jobcap'
export const TEAM = 'billing'
export const STRIPE_URL = 'http://stripe.vendors.svc:12111'
export const STRIPE_SECRET = 'sk_test_e2e_0123456789abcdef'
/** The user of the image; a volume of the machine's own folders belongs to whom it says. */
const IMAGE_USER = 65_532
export const STORAGE_CLASS = 'e2e'

/** A real Kubernetes of one node, with jobcap installed by its chart and a fake Stripe in it. */
export interface Stage {
  readonly folder: string
  readonly kube: KubeApi
  readonly task: OneNode['task']
  /** Path of one with all rights. */
  readonly kubeconfig: string
  /** What kubectl wrote on standard output; rejects with what it said. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>
  apply(...objects: readonly object[]): Promise<string>
  helm(...args: readonly string[]): Promise<string>
  /** What really happened at Stripe. */
  charges(): readonly TruthCall[]
  /** Asks the ledger as an operator who may do everything. */
  operator(method: string, path: string): Promise<Answer>
  stop(options: { readonly keepsLogs: boolean }): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

interface LedgerAsk {
  readonly path: string
  readonly token: string
  readonly method?: string
  readonly json?: object
}

export interface Images {
  /** Archives that the node gets. */
  readonly archives: readonly string[]
  /** Name of jobcap's own: `localhost/jobcap:0.1.0`. */
  readonly name: string
  /** Name of one with Node and a shell. */
  readonly example: string
}

/** How often a way to the ledger is laid anew for one question. */
const FORWARDS = 5
export const NODE_FOLDER = 'node'

/** One that another process holds in `folder`; to stop it only lets go of it. */
export function joinStage(folder: string): Stage {
  return stageOn(joinOneNode(join(folder, NODE_FOLDER)), folder)
}

export async function startStage(images: Images): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-e2e-'))
  const node = await startOneNode(join(folder, NODE_FOLDER))
  const started = stageOn(node, folder)
  const stage = {
    ...started,
    async stop({ keepsLogs }: { readonly keepsLogs: boolean }) {
      await started.stop({ keepsLogs })
      if (!keepsLogs) rmSync(folder, { recursive: true, force: true })
    },
  }
  process.once('SIGINT', () => {
    void stage.stop({ keepsLogs: true }).finally(() => process.exit(130))
  })
  try {
    for (const archive of images.archives) await node.load(archive)
    await provePodsRun(node.kubeconfig, images.example)
    await startStripe(stage, images.name)
    await install(stage, images.name)
    return stage
  } catch (fault) {
    await stage.stop({ keepsLogs: true })
    throw fault
  }
}

function stageOn(node: OneNode, folder: string): Stage {
  const environment = { ...process.env, KUBECONFIG: node.kubeconfig }
  const program = join(clusterPrograms(), 'kubectl')
  const kubectl = async (args: readonly string[], stdin?: string) =>
    (await runKubectl(node.kubeconfig, args, stdin)).out
  let forward: ReturnType<typeof startForward> | undefined
  const ask = async ({ path, ...asked }: LedgerAsk) => {
    const ca = await kubectl(['get', 'secret', 'jobcap-ca', '-n', OWN_NAMESPACE, '-o', 'jsonpath={.data.ca\\.crt}'])
    const caPem = Buffer.from(ca, 'base64').toString('utf8')
    forward ??= startForward(program, environment)
    const { port } = await forward
    return askLedger<unknown>({ ...asked, url: `https://localhost:${port}${path}`, caPem })
  }
  const endForward = async () => {
    const ended = forward
    forward = undefined
    ;(await ended?.catch(() => undefined))?.child.kill('SIGKILL')
  }
  /** A way to a Pod that was replaced leads nowhere. */
  const askAgain = async (asked: LedgerAsk, triesLeft = FORWARDS): Promise<Answer> =>
    ask(asked).catch(async (fault) => {
      if (triesLeft === 0) throw fault
      await endForward()
      await kubectl(['rollout', 'status', 'statefulset/jobcap-ledger', '-n', OWN_NAMESPACE, '--timeout=240s'])
      return askAgain(asked, triesLeft - 1)
    })
  return {
    folder,
    kubeconfig: node.kubeconfig,
    task: node.task,
    kube: connectKube(systemTimers, node.kubeconfig),
    kubectl,
    apply: (...objects) => kubectl(['apply', '-f', '-'], objects.map((object) => `---\n${stringify(object)}`).join('')),
    helm: (...args) => helm(folder, ...args, '--namespace', OWN_NAMESPACE, '--kubeconfig', node.kubeconfig),
    charges: () =>
      readTruth(join(folder, 'truth/stripe.ndjson')).filter((line): line is TruthCall => line.kind === 'effect'),
    async operator(method, path) {
      const token = await kubectl(['create', 'token', 'operator', '-n', OWN_NAMESPACE])
      return askAgain({ method, path, token: token.trim() })
    },
    async stop({ keepsLogs }) {
      if (keepsLogs) await keepLogs(kubectl, folder)
      await endForward()
      await node.stop()
    },
  }
}

async function startStripe({ folder, kubectl, apply }: Stage, image: string): Promise<void> {
  mkdirSync(join(folder, 'truth'))
  const labels = { app: 'stripe' }
  const stripe = {
    name: 'stripe',
    image,
    imagePullPolicy: 'Never',
    command: [
      '/usr/local/bin/node',
      '/repo/fake-vendors/stripe/main.ts',
      ...['--listen', '0.0.0.0:12111', '--truth', '/truth/stripe.ndjson', '--secret', STRIPE_SECRET],
    ],
    securityContext: { runAsUser: 0 },
    readinessProbe: { tcpSocket: { port: 12111 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'repo', mountPath: '/repo', readOnly: true },
      { name: 'truth', mountPath: '/truth' },
    ],
  }
  const volumes = [
    { name: 'repo', hostPath: { path: ROOT } },
    { name: 'truth', hostPath: { path: join(folder, 'truth') } },
  ]
  await kubectl(['create', 'namespace', 'vendors'])
  await kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', 'vendors', '--timeout=60s'])
  await apply(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stripe', namespace: 'vendors', labels },
      spec: { containers: [stripe], volumes },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'stripe', namespace: 'vendors' },
      spec: { selector: labels, ports: [{ port: 12111 }] },
    },
  )
}

async function install({ folder, kubectl, apply, helm: runHelm }: Stage, image: string): Promise<void> {
  const [place = '', tag = ''] = image.split(':')
  const [registry = '', repository = ''] = place.split('/')
  const values = {
    image: { registry, repository, tag, pullPolicy: 'Never' },
    ledger: { storage: { size: '1Gi', className: STORAGE_CLASS } },
    networkPolicies: { vendorPorts: [443, 12111] },
  }
  writeFileSync(join(folder, 'values.yaml'), stringify(values))
  await apply(volumeIn(folder, 'ledger'))
  await runHelm('install', 'jobcap', CHART, '--create-namespace', '--values', join(folder, 'values.yaml'))
  await kubectl(['create', 'serviceaccount', 'operator', '-n', OWN_NAMESPACE])
  const account = `--serviceaccount=${OWN_NAMESPACE}:operator`
  await kubectl(['create', 'clusterrolebinding', 'operator', '--clusterrole=cluster-admin', account])
  const secret = ['create', 'secret', 'generic', 'stripe', `--from-literal=api-key=${STRIPE_SECRET}`]
  await kubectl([...secret, '-n', OWN_NAMESPACE])
  await kubectl(['wait', '--for=condition=Ready', 'pod/stripe', '-n', 'vendors', '--timeout=180s'])
  const parts = ['statefulset/jobcap-ledger', 'deployment/jobcap-manager']
  for (const part of parts) await kubectl(['rollout', 'status', part, '-n', OWN_NAMESPACE, '--timeout=600s'])
  await kubectl(['wait', '--for=condition=established', 'crd/cappolicies.jobcap.dev', '--timeout=60s'])
  await apply(examplePolicy(STRIPE_URL))
}

/** Of this machine's own folders. */
export function volumeIn(folder: string, name: string): object {
  const path = join(folder, 'volumes', name)
  mkdirSync(path, { recursive: true })
  chownSync(path, IMAGE_USER, IMAGE_USER)
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: STORAGE_CLASS,
      hostPath: { path },
    },
  }
}

async function startForward(program: string, env: NodeJS.ProcessEnv) {
  const args = ['port-forward', '-n', OWN_NAMESPACE, 'service/jobcap-ledger', ':8081', '--address=127.0.0.1']
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('no way to the ledger'))),
  ])) as [string]
  return { child, port: Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]) }
}

/** Of every Pod, with what Kubernetes says about it. */
async function keepLogs(kubectl: Stage['kubectl'], folder: string): Promise<void> {
  const keep = async (name: string, ...args: readonly string[]) => {
    const said = await kubectl(args).catch((fault: Error) => fault.message)
    writeFileSync(join(folder, name), said)
  }
  await keep('objects.txt', 'get', 'pods,jobs,events', '-A', '-o', 'wide')
  await keep('pods.txt', 'describe', 'pods', '-A')
  for (const part of ['ledger', 'manager']) {
    const selected = `app.kubernetes.io/component=${part}`
    await keep(`${part}.log`, 'logs', '-n', OWN_NAMESPACE, '-l', selected, '--tail=-1', '--prefix')
  }
  await keep('stripe.log', 'logs', '-n', 'vendors', 'stripe')
  await keep('jobs.log', 'logs', '-n', TEAM, '-l', 'batch.kubernetes.io/job-name', '--all-containers', '--tail=200')
}
