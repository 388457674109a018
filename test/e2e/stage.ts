import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'
import { stringify } from 'yaml'
import { readTruth, type TruthCall } from '../../fake-vendors/truth.ts'
import { connectKube, type KubeApi } from '../../kube/api.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { clusterPrograms } from '../../tools/cluster/control-plane.ts'
import type { OneNode } from '../../tools/cluster/one-node.ts'
import { askLedger } from '../kubernetes/ask-ledger.ts'
import { CHART, helm } from '../kubernetes/chart.ts'
import { examplePolicy } from '../kubernetes/example.ts'
import { runKubectl } from '../kubernetes/kubectl.ts'
import { type Ground, type Images, joinGround, OPERATOR_BINDING, startGround } from './ground.ts'

const ROOT = join(import.meta.dirname, '../..')
export const OWN_NAMESPACE = 'jobcap'
export const TEAM = 'billing'
export const STRIPE_URL = 'http://stripe.vendors.svc:12111'
export const STRIPE_SECRET = 'sk_test_e2e_0123456789abcdef'

/** A real Kubernetes, with jobcap installed by its chart and a fake Stripe in it. */
export interface Stage {
  readonly folder: string
  readonly kube: KubeApi
  readonly task: OneNode['task']
  readonly load: OneNode['load']
  /** Of a chart's values, for a claim of 1 GiB; the volume of this name is there then. */
  storage(volume: string): Promise<object>
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

export const VENDORS = 'vendors'
const TRUTH = '/truth/stripe.ndjson'
const TRUTH_READER = 'truth'
const READ_TRUTH = ['exec', '-n', VENDORS, 'stripe', '-c', TRUTH_READER, '--', 'cat', TRUTH]

/** How often a way to the ledger is laid anew for one question. */
const FORWARDS = 5

/** One that another process holds in `folder`; to stop it only lets go of it. */
export function joinStage(folder: string): Stage {
  return stageOn(joinGround(folder), folder)
}

export async function startStage(images: Images): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'jobcap-e2e-'))
  const started = stageOn(await startGround(folder, images), folder)
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
    await startStripe(stage, images)
    await install(stage, images.name)
    return stage
  } catch (fault) {
    await stage.stop({ keepsLogs: true })
    console.error(`the logs of all parts are in ${folder}`)
    throw fault
  }
}

function stageOn(ground: Ground, folder: string): Stage {
  const environment = { ...process.env, KUBECONFIG: ground.kubeconfig }
  const program = join(clusterPrograms(), 'kubectl')
  const kubectl = async (args: readonly string[], stdin?: string) =>
    (await runKubectl(ground.kubeconfig, args, stdin)).out
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
  const apply: Stage['apply'] = (...objects) =>
    kubectl(['apply', '-f', '-'], objects.map((object) => `---\n${stringify(object)}`).join(''))
  return {
    folder,
    kubeconfig: ground.kubeconfig,
    task: ground.task,
    load: ground.load,
    async storage(volume) {
      const needed = ground.volume(volume)
      if (needed.length > 0) await apply(...needed)
      return { size: '1Gi', className: ground.storageClass }
    },
    kube: connectKube(systemTimers, ground.kubeconfig),
    kubectl,
    apply,
    helm: (...args) => helm(folder, ...args, '--namespace', OWN_NAMESPACE, '--kubeconfig', ground.kubeconfig),
    charges() {
      const file = join(folder, 'stripe.ndjson')
      // At once: what is demanded of it is demanded of this moment.
      writeFileSync(file, execFileSync(program, READ_TRUTH, { env: environment, maxBuffer: 64 * 1024 * 1024 }))
      return readTruth(file).filter((line): line is TruthCall => line.kind === 'effect')
    },
    async operator(method, path) {
      const token = await kubectl(['create', 'token', 'operator', '-n', OWN_NAMESPACE])
      return askAgain({ method, path, token: token.trim() })
    },
    async stop({ keepsLogs }) {
      if (keepsLogs) await keepLogs(kubectl, folder)
      await endForward()
      await ground.stop()
    },
  }
}

async function startStripe({ kubectl, apply }: Stage, { name, example }: Images): Promise<void> {
  const labels = { app: 'stripe' }
  const inIt = { namespace: VENDORS }
  const program = buildSync({
    entryPoints: [join(ROOT, 'fake-vendors/stripe/main.ts')],
    ...({ bundle: true, minify: true, write: false, platform: 'node', format: 'esm' } as const),
    // Of packages that are not modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  }).outputFiles[0]?.text
  const stripe = {
    name: 'stripe',
    image: name,
    imagePullPolicy: 'Never',
    command: [
      '/usr/local/bin/node',
      '/program/stripe.mjs',
      ...['--listen', '0.0.0.0:12111', '--truth', TRUTH, '--secret', STRIPE_SECRET],
    ],
    readinessProbe: { tcpSocket: { port: 12111 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'program', mountPath: '/program' },
      { name: 'truth', mountPath: '/truth' },
    ],
  }
  // It answers also while Stripe is stopped.
  const reader = {
    name: TRUTH_READER,
    image: example,
    imagePullPolicy: 'Never',
    command: ['node', '--eval', 'setInterval(() => {}, 1e6)'],
    volumeMounts: [{ name: 'truth', mountPath: '/truth' }],
  }
  const volumes = [
    { name: 'program', configMap: { name: 'stripe' } },
    { name: 'truth', emptyDir: {} },
  ]
  const pod = { volumes, containers: [stripe, reader], securityContext: { runAsUser: 0 } }
  await kubectl(['create', 'namespace', VENDORS])
  await kubectl(['wait', '--for=create', 'serviceaccount/default', '-n', VENDORS, '--timeout=60s'])
  await apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'stripe', ...inIt }, data: { 'stripe.mjs': program } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stripe', ...inIt, labels }, spec: pod },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'stripe', ...inIt },
      spec: { selector: labels, ports: [{ port: 12111 }] },
    },
  )
}

async function install(stage: Stage, image: string): Promise<void> {
  const { folder, kubectl, apply, helm: runHelm } = stage
  const [place = '', tag = ''] = image.split(':')
  const [registry = '', repository = ''] = place.split('/')
  const values = {
    image: { registry, repository, tag, pullPolicy: 'Never' },
    ledger: { storage: await stage.storage('ledger') },
    networkPolicies: { vendorPorts: [443, 12111] },
  }
  writeFileSync(join(folder, 'values.yaml'), stringify(values))
  await runHelm('install', 'jobcap', CHART, '--create-namespace', '--values', join(folder, 'values.yaml'))
  await kubectl(['create', 'serviceaccount', 'operator', '-n', OWN_NAMESPACE])
  const account = `--serviceaccount=${OWN_NAMESPACE}:operator`
  await kubectl(['create', 'clusterrolebinding', OPERATOR_BINDING, '--clusterrole=cluster-admin', account])
  const secret = ['create', 'secret', 'generic', 'stripe', `--from-literal=api-key=${STRIPE_SECRET}`]
  await kubectl([...secret, '-n', OWN_NAMESPACE])
  await kubectl(['wait', '--for=condition=Ready', 'pod/stripe', '-n', VENDORS, '--timeout=180s'])
  const parts = ['statefulset/jobcap-ledger', 'deployment/jobcap-manager']
  for (const part of parts) await kubectl(['rollout', 'status', part, '-n', OWN_NAMESPACE, '--timeout=600s'])
  await kubectl(['wait', '--for=condition=established', 'crd/cappolicies.jobcap.dev', '--timeout=60s'])
  await apply(examplePolicy(STRIPE_URL))
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
  await keep('stripe.log', 'logs', '-n', VENDORS, 'stripe', '-c', 'stripe')
  await keep('jobs.log', 'logs', '-n', TEAM, '-l', 'batch.kubernetes.io/job-name', '--all-containers', '--tail=200')
}
