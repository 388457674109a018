// A cluster that is there already, in the place of one of our own: `make e2e` with KUBECONFIG and E2E_IMAGE_LOAD. What a
// test does to a node goes through a Pod on each that sees all processes of it, so any container runtime will do.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clusterPrograms } from './control-plane.ts'
import type { ContainerName, OneNode } from './one-node.ts'

const run = promisify(execFile)

const HANDS = 'jobcap-e2e-hands'
const ANSWERS_WITHIN = '--request-timeout=15s'
/** What SIGNALS of the container's runtime are called among processes. */
const SIGNALS: Readonly<Record<string, string>> = { pause: 'SIGSTOP', resume: 'SIGCONT' }
/** Sends a signal to all processes whose cgroup is a container's; fails when there is none. */
const HIT = `
  const { readdirSync, readFileSync } = require('node:fs')
  const [id, signal] = process.argv.slice(1)
  const isOf = (pid) => {
    try { return readFileSync('/proc/' + pid + '/cgroup', 'utf8').includes(id) } catch { return false }
  }
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && isOf(name))
  for (const pid of pids) process.kill(Number(pid), signal)
  process.exit(pids.length === 0 ? 1 : 0)`

/** It cannot be used, for a reason that its owner can do something about. */
export class UnusableCluster extends Error {
  override readonly name = 'UnusableCluster'
}

export interface GivenCluster {
  readonly kubeconfig: string
  /** Shell command that makes the image in the archive, its last argument, known to all nodes. */
  readonly loadCommand: string
}

/** Throws `UnusableCluster` where it does not answer, or holds what the tests would make and at their end remove. */
export async function checkGivenCluster({ kubeconfig }: GivenCluster, names: readonly string[]): Promise<void> {
  const kubectl = kubectlOf(kubeconfig)
  const isThere = async (...args: readonly string[]) =>
    (await kubectl('get', ...args, '--ignore-not-found', '-o', 'name', ANSWERS_WITHIN)).stdout.trim().split('\n')
  await kubectl('get', '--raw', '/readyz', ANSWERS_WITHIN).catch(({ stderr = '', message }: Unanswered) => {
    const [said = message] = stderr.trim().split('\n').slice(-1)
    throw new UnusableCluster(`the cluster of KUBECONFIG=${kubeconfig} does not answer: ${said}`)
  })
  const found = [
    ...(await isThere('namespaces', ...names)),
    ...(await isThere('customresourcedefinitions', 'cappolicies.jobcap.dev')),
  ].filter((name) => name !== '')
  if (found.length > 0) {
    throw new UnusableCluster(
      `the cluster of KUBECONFIG=${kubeconfig} has ${found.join(', ')} already: the tests would remove it. Take another cluster, or remove it first`,
    )
  }
}

interface Unanswered {
  readonly message: string
  readonly stderr?: string
}

/** `image`, which the nodes must have by then, holds Node. */
export async function startHands(kubeconfig: string, image: string): Promise<void> {
  const kubectl = kubectlOf(kubeconfig)
  const labels = { app: HANDS }
  const hand = {
    name: 'hand',
    image,
    imagePullPolicy: 'Never',
    command: ['node', '--eval', 'setInterval(() => {}, 1e6)'],
    // Root without the host's rights: enough to send signals.
    securityContext: { runAsUser: 0 },
  }
  const daemons = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: HANDS, namespace: 'kube-system' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostPID: true,
          terminationGracePeriodSeconds: 0,
          tolerations: [{ operator: 'Exists' }],
          containers: [hand],
        },
      },
    },
  }
  const applying = kubectl('apply', '-f', '-')
  applying.child.stdin?.end(JSON.stringify(daemons))
  await applying
  await kubectl('rollout', 'status', `daemonset/${HANDS}`, '-n', 'kube-system', '--timeout=300s')
}

export function joinGivenCluster({ kubeconfig, loadCommand }: GivenCluster): OneNode {
  const kubectl = kubectlOf(kubeconfig)
  return {
    kubeconfig,
    load: async (archive) => void (await run('sh', ['-c', `${loadCommand} "$1"`, 'sh', archive])),
    async task(container, verb = '', ...rest) {
      const { node, id } = await placeOf(kubectl, container)
      const onNode = ['-l', `app=${HANDS}`, '--field-selector', `spec.nodeName=${node}`]
      const hand = (await kubectl('get', 'pods', '-n', 'kube-system', ...onNode, '-o', 'name')).stdout.trim()
      const signal = SIGNALS[verb] ?? rest.at(-1) ?? 'SIGKILL'
      await kubectl('exec', '-n', 'kube-system', hand, '--', 'node', '--eval', HIT, id, signal)
    },
    stop: () => Promise.resolve(),
  }
}

/** Takes away what the tests have made in it, and the hands. */
export async function cleanGivenCluster(kubeconfig: string, made: readonly (readonly string[])[]): Promise<void> {
  const kubectl = kubectlOf(kubeconfig)
  for (const what of [...made, ['daemonset', HANDS, '-n', 'kube-system']]) {
    await kubectl('delete', ...what, '--ignore-not-found', '--timeout=300s').catch((fault: unknown) =>
      console.error(`left in the cluster: ${what.join(' ')}: ${String(fault)}`),
    )
  }
}

function kubectlOf(kubeconfig: string) {
  const program = join(clusterPrograms(), 'kubectl')
  return (...args: readonly string[]) => run(program, [`--kubeconfig=${kubeconfig}`, ...args])
}

/** Of a container that runs. */
async function placeOf(kubectl: ReturnType<typeof kubectlOf>, { pod, name }: ContainerName) {
  interface Status {
    readonly name: string
    readonly containerID?: string
    readonly state: { readonly running?: object }
  }
  interface Listed {
    readonly items: readonly {
      readonly spec: { readonly nodeName: string }
      readonly status: {
        readonly containerStatuses?: readonly Status[]
        readonly initContainerStatuses?: readonly Status[]
      }
    }[]
  }
  const selected = ['-A', '--field-selector', `metadata.name=${pod}`, '-o', 'json']
  const { items } = JSON.parse((await kubectl('get', 'pods', ...selected)).stdout) as Listed
  for (const { spec, status } of items) {
    const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    const found = all.find((one) => one.name === name && one.state.running !== undefined)
    if (found?.containerID !== undefined) {
      return { node: spec.nodeName, id: found.containerID.replace(/^.*:\/\//, '') }
    }
  }
  throw new Error(`${name} of ${pod} does not run`)
}
