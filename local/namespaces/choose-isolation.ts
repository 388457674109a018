import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { listHostMounts, mountPointAt } from './host-mounts.ts'
import { type LinuxSandboxOptions, openLinuxSandbox, type RootKind } from './linux-sandbox.ts'
import { openProcessSandbox } from './process-sandbox.ts'
import type { ContainerMount, Isolation, IsolationLevel, PodNetwork } from './sandbox.ts'

export interface IsolationRequest {
  /** The state folder: never seen by a container. */
  readonly stateFolder: string
  /** More of the host that containers must not see: folders with secrets, and those of a ledger that runs already. */
  readonly masked: readonly string[]
  readonly network: PodNetwork
  /** Take this level and no other: for tests, and for who does not trust the choice. */
  readonly forced?: IsolationLevel
}

export type IsolationChoice =
  | { readonly kind: 'chosen'; readonly isolation: Isolation }
  | { readonly kind: 'refused'; readonly problem: string }

interface Candidate {
  readonly level: 'root' | 'user'
  readonly rootKind: RootKind
}

const CANDIDATES: readonly Candidate[] = [
  { level: 'root', rootKind: 'overlay' },
  { level: 'root', rootKind: 'readonly' },
  { level: 'user', rootKind: 'bind' },
]

const LEFT_OUT_AS_USER = [
  "Without root, containers see this machine's own files and write what you may write.",
  'Volumes can be mounted on paths that exist, under /run, and where you may make folders; those folders stay.',
]

const LEFT_OUT_ON_HOST_NETWORK =
  "Pods share this machine's network, so they run one at a time; what they send past the sidecar goes out."

const LEFT_OUT_WITHOUT_NAMESPACES = [
  "Nothing of this machine is hidden from them: neither files, nor the vendors' secrets, nor other processes.",
  'A process that leaves its process group outlives its container.',
  "Nothing is mounted: a volume's path in a command or a variable is replaced by its real folder, but a program that knows the path by itself does not find it; a root file system is never read-only.",
  'Names of the Pod are unknown: a vendor is at the address in JOBCAP_<VENDOR>_HOST and JOBCAP_<VENDOR>_PORT, or at http://localhost:8080/<vendor>.',
]

/** The strongest level that works here, found by running an empty container in it. Takes about 0.2 s. */
export async function chooseIsolation(request: IsolationRequest): Promise<IsolationChoice> {
  const missing = request.masked.find((path) => !existsSync(path))
  if (missing !== undefined) {
    return {
      kind: 'refused',
      problem: `${missing} is to be hidden from containers, but there is no such file or folder`,
    }
  }
  const reasons: string[] = []
  for (const candidate of CANDIDATES.filter((one) => isWorthTrying(one, request.forced))) {
    const options = linuxOptions(candidate, request)
    const reason = await whyNot(options, request.stateFolder)
    if (reason === undefined) {
      return { kind: 'chosen', isolation: linuxIsolation(candidate, { request, options, reasons }) }
    }
    reasons.push(`${candidate.level}, ${candidate.rootKind}: ${reason}`)
  }
  if (request.forced === undefined || request.forced === 'none') {
    return { kind: 'chosen', isolation: processIsolation(request.forced, reasons) }
  }
  return { kind: 'refused', problem: `isolation ${request.forced} is not possible here: ${reasons.join('; ')}` }
}

function isWorthTrying(candidate: Candidate, forced: IsolationLevel | undefined): boolean {
  if (process.platform !== 'linux' || forced === 'none') return false
  if (forced !== undefined) return candidate.level === forced
  return candidate.level === 'user' || process.getuid?.() === 0
}

/** Undefined when a container ran. */
async function whyNot(options: LinuxSandboxOptions, stateFolder: string): Promise<string | undefined> {
  const folder = mkdtempSync(join(stateFolder, 'probe-'))
  const outputFd = openSync('/dev/null', 'w')
  try {
    const sandbox = await openLinuxSandbox({ hostName: 'probe', folder }, options)
    try {
      const container = await sandbox.start({
        name: 'probe',
        command: ['true'],
        environment: { PATH: '/usr/bin:/bin' },
        workingDir: '/',
        mounts: [],
        outputFd,
        onNote: () => {},
      })
      const code = await container.exitCode
      return code === 0 ? undefined : `an empty container ended with ${code}`
    } finally {
      await sandbox.close()
    }
  } catch (fault) {
    return (fault as Error).message
  } finally {
    closeSync(outputFd)
    rmSync(folder, { recursive: true, force: true })
  }
}

function linuxOptions(candidate: Candidate, request: IsolationRequest): LinuxSandboxOptions {
  const { rootKind } = candidate
  return {
    isUserNamespace: candidate.level === 'user',
    rootKind,
    network: request.network,
    baseMounts: [
      ...hostMounts(rootKind),
      mount('empty', '/run'),
      ...(rootKind === 'readonly' ? [mount('empty', '/tmp'), mount('empty', '/var/tmp')] : []),
      ...(request.network === 'host' ? nameResolution() : []),
      ...[request.stateFolder, ...request.masked].map(masked),
    ].filter(({ kind, target }) => kind !== 'empty' || existsSync(target)),
  }
}

const mount = (kind: ContainerMount['kind'], target: string): ContainerMount => ({ kind, source: target, target })
const masked = (path: string): ContainerMount => mount('mask', realpathSync(path))

/** A bound root brings the host's mounts along; an overlay or a read-only root takes each by itself. */
function hostMounts(rootKind: RootKind): ContainerMount[] {
  if (rootKind === 'bind') return []
  return listHostMounts(readFileSync('/proc/self/mountinfo', 'utf8')).flatMap(({ path, isLayerable }) => {
    const found = mountPointAt(path)
    if (found === undefined) return []
    const canBeLayered = rootKind === 'overlay' && isLayerable && found.isDirectory()
    return [mount(canBeLayered ? 'overlay' : 'as-host', path)]
  })
}

/** /etc/resolv.conf is often a link into /run, which containers get empty. */
function nameResolution(): ContainerMount[] {
  const path = '/etc/resolv.conf'
  if (!existsSync(path)) return []
  return [mount('readonly', realpathSync(path))]
}

function linuxIsolation(
  candidate: Candidate,
  found: { request: IsolationRequest; options: LinuxSandboxOptions; reasons: readonly string[] },
): Isolation {
  const { network } = found.request
  const leftOut: string[] = []
  if (candidate.rootKind === 'readonly') {
    leftOut.push(`Containers see this machine's root read-only, with an empty /tmp: ${found.reasons.join('; ')}.`)
  }
  if (candidate.level === 'user') leftOut.push(...LEFT_OUT_AS_USER)
  if (network === 'host') leftOut.push(LEFT_OUT_ON_HOST_NETWORK)
  return {
    level: candidate.level,
    network,
    isOnePodAtATime: network === 'host',
    leftOut,
    openSandbox: (pod) => openLinuxSandbox(pod, found.options),
  }
}

function processIsolation(forced: IsolationLevel | undefined, reasons: readonly string[]): Isolation {
  const because = reasons.length > 0 ? ` (${reasons.join('; ')})` : ''
  const why = forced === 'none' ? 'As asked, no namespaces are used' : `Namespaces are not possible here${because}`
  return {
    level: 'none',
    network: 'host',
    isOnePodAtATime: true,
    leftOut: [`${why}: Pods run one at a time as plain processes on 127.0.0.1.`, ...LEFT_OUT_WITHOUT_NAMESPACES],
    openSandbox: (pod) => Promise.resolve(openProcessSandbox(pod)),
  }
}
