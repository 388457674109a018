// A whole Kubernetes of one node on this machine, without Docker or systemd: the control plane, and under it scheduler,
// containerd, kubelet, kube-proxy and CoreDNS, in a network namespace of its own, so nothing in it reaches the machine's
// network. Needs root, and Debian's containerd, runc, containernetworking-plugins, iptables, iproute2 and conntrack.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clusterPrograms, endProcess, isBuilt, kubeconfigIn, startControlPlane } from './control-plane.ts'
import { archiveImage } from './image-archive.ts'

const run = promisify(execFile)

const BUILT = ['kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl', 'coredns', 'pause'] as const
const OF_THE_SYSTEM = ['containerd', 'ctr', 'runc', 'iptables', 'ip', 'nsenter', 'conntrack'] as const
const CNI_PROGRAMS = '/usr/lib/cni'
const PAUSE_IMAGE = 'localhost/pause:1'
const NODE_NAME = 'node-1'
const NODE_WITHIN_MS = 180_000

export interface OneNode {
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string
  /** Makes an image of a docker archive known to the node. */
  load(archive: string): Promise<void>
  /** What `ctr tasks` does to a running container of a Pod: `kill --signal SIGKILL`, `pause`, `resume`. */
  task(container: ContainerName, ...verb: readonly string[]): Promise<void>
  stop(): Promise<void>
}

export interface ContainerName {
  readonly pod: string
  readonly name: string
}

/** A machine may have all the programs, and not let them do what a node does. */
export class NodeDidNotStart extends Error {
  override readonly name = 'NodeDidNotStart'
}

/** What a node needs and this machine does not have. */
export function missingForNode(): string[] {
  const path = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin')
  return [
    ...(process.getuid?.() === 0 ? [] : ['root']),
    ...BUILT.filter((program) => !isBuilt(program)),
    ...OF_THE_SYSTEM.filter((program) => !path.some((folder) => existsSync(join(folder, program)))),
    ...(existsSync(join(CNI_PROGRAMS, 'bridge')) ? [] : ['containernetworking-plugins']),
  ]
}

/** One that another process started in `folder`: this one cannot stop it. */
export function joinOneNode(folder: string): OneNode {
  const socket = socketIn(folder)
  return {
    kubeconfig: kubeconfigIn(join(folder, CONTROL_PLANE)),
    load: async (archive) => void (await ctrAt(socket, 'images', 'import', archive)),
    task: taskAt(socket),
    stop: () => Promise.resolve(),
  }
}

function taskAt(socket: string): OneNode['task'] {
  return async ({ pod, name }, ...verb) => {
    const filter = `labels."io.kubernetes.pod.name"==${pod},labels."io.kubernetes.container.name"==${name}`
    const ids = (await ctrAt(socket, 'containers', 'list', '-q', filter)).stdout.trim().split('\n')
    const running = (await ctrAt(socket, 'tasks', 'list')).stdout
      .split('\n')
      .filter((line) => /RUNNING|PAUSED/.test(line))
    // A container that was restarted has left its earlier ones.
    const id = ids.find((one) => one !== '' && running.some((line) => line.startsWith(one)))
    if (id === undefined) throw new Error(`${name} of ${pod} does not run`)
    await ctrAt(socket, 'tasks', ...verb, id)
  }
}

const CONTROL_PLANE = 'control-plane'
const socketIn = (folder: string) => join(folder, 'containerd.sock')
const ctrAt = (socket: string, ...args: readonly string[]) => run('ctr', ['-a', socket, '-n', 'k8s.io', ...args])

/** Starts all of it in `folder`, where the logs are kept too. Rejects when the node is not ready in time. */
export async function startOneNode(folder: string): Promise<OneNode> {
  mkdirSync(folder, { recursive: true })
  const net = await makeNetwork().catch((cause) => {
    throw new NodeDidNotStart('no network namespace can be made here', { cause })
  })
  const within = ['nsenter', `--net=/run/netns/${net.name}`]
  const endings: (() => Promise<unknown>)[] = [() => removeNetwork(net.name)]
  const stop = async () => {
    for (const ending of endings.toReversed()) await ending().catch(() => {})
  }
  const start = (program: string, ...args: readonly string[]) => {
    const log = openSync(join(folder, `${program.split('/').at(-1)}.log`), 'a')
    const [command = '', ...rest] = [...within, program, ...args]
    const child = spawn(command, rest, { cwd: folder, stdio: ['ignore', log, log] })
    endings.push(() => endProcess(child))
  }
  const built = (program: string) => join(clusterPrograms(), program)
  try {
    const plane = await startControlPlane(join(folder, CONTROL_PLANE), {
      address: net.node,
      within,
      controllers: '*',
    })
    endings.push(() => plane.stop())
    const { kubeconfig } = plane
    start(built('kube-scheduler'), `--kubeconfig=${kubeconfig}`, '--leader-elect=false')
    const socket = socketIn(folder)
    start('containerd', '--config', containerdConfig(folder, socket))
    endings.push(() => removeContainers(folder, socket))
    const ctr = (...args: readonly string[]) => ctrAt(socket, ...args)
    await until('containerd', () => ctr('version'))
    const load = async (archive: string) => void (await ctr('images', 'import', archive))
    await load(await archiveImage({ name: PAUSE_IMAGE, files: { '/pause': built('pause') }, folder }))
    start(
      built('kubelet'),
      `--config=${kubeletConfig(folder, { socket, dns: net.node })}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${join(folder, 'kubelet')}`,
      `--cert-dir=${join(folder, 'kubelet-pki')}`,
      `--hostname-override=${NODE_NAME}`,
      `--node-ip=${net.node}`,
    )
    start(
      built('kube-proxy'),
      `--kubeconfig=${kubeconfig}`,
      '--proxy-mode=iptables',
      '--cluster-cidr=10.244.0.0/16',
      `--hostname-override=${NODE_NAME}`,
      '--conntrack-max-per-core=0',
    )
    start(built('coredns'), '-conf', corefile(folder, { kubeconfig, address: net.node }))
    const kubectl = (...args: readonly string[]) => run(built('kubectl'), [`--kubeconfig=${kubeconfig}`, ...args])
    await until('the node', () => kubectl('wait', '--for=condition=Ready', `node/${NODE_NAME}`, '--timeout=60s'))
    return { kubeconfig, load, task: taskAt(socket), stop }
  } catch (fault) {
    await stop()
    throw new NodeDidNotStart(`the node did not start; its logs are in ${folder}`, { cause: fault })
  }
}

interface Network {
  /** Of the network namespace. */
  readonly name: string
  /** Address of the node in it. */
  readonly node: string
}

/** A network namespace, joined to this machine by one pair of addresses that no other cluster here has. */
async function makeNetwork(): Promise<Network> {
  const taken = (await run('ip', ['-brief', 'address'])).stdout
  let part = 1
  while (taken.includes(`10.211.${part}.`)) part += 1
  const [name, outside, inside] = [`jobcap-${part}`, `jobcap-o${part}`, `jobcap-i${part}`]
  const [host, node] = [`10.211.${part}.1`, `10.211.${part}.2`]
  const ip = (line: string) => run('ip', line.split(' '))
  await removeNetwork(name)
  await ip(`netns add ${name}`)
  await ip(`link add ${outside} type veth peer name ${inside} netns ${name}`)
  await ip(`address add ${host}/24 dev ${outside}`)
  await ip(`link set ${outside} up`)
  await ip(`-n ${name} address add ${node}/24 dev ${inside}`)
  await ip(`-n ${name} link set ${inside} up`)
  await ip(`-n ${name} link set lo up`)
  await ip(`-n ${name} route add default via ${host}`)
  await run('nsenter', [`--net=/run/netns/${name}`, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'])
  return { name, node }
}

async function removeNetwork(name: string): Promise<void> {
  await run('ip', ['netns', 'delete', name]).catch(() => {})
}

function containerdConfig(folder: string, socket: string): string {
  mkdirSync(join(folder, 'cni'), { recursive: true })
  const network = {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'cni-addresses'),
          ranges: [[{ subnet: '10.244.0.0/16' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  }
  writeFileSync(join(folder, 'cni/pods.conflist'), JSON.stringify(network))
  const path = join(folder, 'containerd.toml')
  writeFileSync(
    path,
    `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE runc could not lower a score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PROGRAMS}"
    conf_dir = "${folder}/cni"
`,
  )
  return path
}

/** Anybody who reaches the kubelet may use it: only what runs in this cluster can. */
function kubeletConfig(folder: string, { socket, dns }: { readonly socket: string; readonly dns: string }): string {
  const path = join(folder, 'kubelet.json')
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    enforceNodeAllocatable: [],
    failSwapOn: false,
    // From 1.35 on a kubelet refuses the older cgroups of some machines.
    failCgroupV1: false,
    containerRuntimeEndpoint: `unix://${socket}`,
    clusterDNS: [dns],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
    localStorageCapacityIsolation: false,
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

function corefile(folder: string, { kubeconfig, address }: { readonly kubeconfig: string; readonly address: string }) {
  const path = join(folder, 'Corefile')
  writeFileSync(
    path,
    `.:53 {
  bind ${address}
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
}
`,
  )
  return path
}

async function until(what: string, ask: () => Promise<unknown>): Promise<void> {
  const untilMs = Date.now() + NODE_WITHIN_MS
  for (;;) {
    try {
      await ask()
      return
    } catch (fault) {
      if (Date.now() > untilMs) throw new Error(`${what} was not ready in time`, { cause: fault })
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

/** Containers outlive containerd and hold the folder by their mounts. */
async function removeContainers(folder: string, socket: string): Promise<void> {
  const ctr = async (...args: readonly string[]) => (await ctrAt(socket, ...args)).stdout
  const listed = async (what: string) =>
    (await ctr(what, 'list', '-q').catch(() => '')).split('\n').filter((id) => id !== '')
  const networks = new Set<string>()
  for (const id of await listed('containers')) {
    const [, network] = /\/netns\/(cni-[0-9a-f-]+)/.exec(await ctr('containers', 'info', id).catch(() => '')) ?? []
    if (network !== undefined) networks.add(network)
  }
  for (const id of await listed('tasks')) await ctr('tasks', 'delete', '--force', id).catch(() => {})
  for (const shim of shimsOf(folder)) process.kill(shim, 'SIGKILL')
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
  for (const mount of mounts.toReversed()) await run('umount', ['--lazy', mount]).catch(() => {})
  for (const network of networks) await removeNetwork(network)
}

function shimsOf(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return command.includes('containerd-shim') && command.includes(`${folder}/`) ? [Number(pid)] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}
