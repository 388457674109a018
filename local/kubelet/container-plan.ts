import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from '../controller/pod-object.ts'
import type { Container, VolumeMount } from '../manifest/objects.ts'
import type { ContainerMount, Sandbox } from '../namespaces/sandbox.ts'
import type { ContainerPlan } from './container-runner.ts'
import { buildEnvironment, expand, type NamespaceData } from './environment.ts'

/** What this machine does for a container in place of its image, by container name. */
export interface LocalCommand {
  /** Takes the place of the image's entrypoint and of `command`; `args` follow it. */
  readonly command: readonly string[]
  /** More variables; those of the manifest win. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A folder of this machine that only some containers see. */
export interface PrivateBind {
  readonly containers: readonly string[]
  readonly hostPath: string
  readonly path: string
}

/** What is the same for all Pods of a run. */
export interface LocalPods {
  readonly data: NamespaceData
  readonly commands: Readonly<Record<string, LocalCommand>>
  readonly privateBinds: readonly PrivateBind[]
  /** Variables of every container; those of the manifest win. */
  readonly environment: Readonly<Record<string, string>>
  /** Where a container without a working folder of its own starts: here no image names one. */
  readonly workingDir: string
}

const DEFAULT_TERMINATION_PATH = '/dev/termination-log'
/** Where a cluster has the image's own PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface PlanPlace {
  readonly pod: Pod
  readonly sandbox: Sandbox
  readonly podFolder: string
  readonly hostsPath: string
}

/** Everything a container needs to start, worked out from the Pod. */
export function planContainer(
  container: Container,
  isInit: boolean,
  { local, place }: { local: LocalPods; place: PlanPlace },
): ContainerPlan {
  const own = local.commands[container.name]
  const { variables } = buildEnvironment(container, place.pod, local.data)
  const environment = {
    PATH: DEFAULT_PATH,
    HOSTNAME: place.pod.hostName,
    ...local.environment,
    ...own?.environment,
    ...variables,
  }
  const postStart = container.lifecycle?.postStart?.exec.command
  const messagePath = join(place.podFolder, `message-${container.name}`)
  const mounts: ContainerMount[] = [
    { kind: 'bind', source: place.hostsPath, target: '/etc/hosts' },
    ...(container.volumeMounts ?? []).map((mount) => volumeMount(mount, place)),
    ...local.privateBinds
      .filter((bind) => bind.containers.includes(container.name))
      .map(({ hostPath, path }): ContainerMount => ({ kind: 'bind', source: hostPath, target: path })),
    { kind: 'bind', source: messagePath, target: container.terminationMessagePath ?? DEFAULT_TERMINATION_PATH },
  ]
  // Last: the mount points above may have had to be made.
  if (container.securityContext?.readOnlyRootFilesystem)
    mounts.push({ kind: 'readonly-root', source: '/', target: '/' })
  const words = [...(own?.command ?? container.command ?? []), ...(container.args ?? [])]
  return {
    container,
    isInit,
    workingDir: container.workingDir ?? local.workingDir,
    command: words.map((word) => expand(word, variables)),
    environment,
    mounts,
    messagePath,
    ...(postStart === undefined ? {} : { postStart }),
  }
}

/** Folder of a volume as a mount names it: in the Pod's memory, or on disk. */
export function volumeFolders(name: string, place: Omit<PlanPlace, 'hostsPath'>, isMemory: boolean) {
  if (!isMemory) return { written: join(place.podFolder, 'disk', name), mounted: join(place.podFolder, 'disk', name) }
  return { written: join(place.sandbox.volumesFolder, name), mounted: join(place.sandbox.volumesSource, name) }
}

function volumeMount(mount: VolumeMount, place: PlanPlace): ContainerMount {
  const volume = place.pod.spec.volumes?.find(({ name }) => name === mount.name)
  const isScratch = volume === undefined || 'emptyDir' in volume
  const isMemory = !isScratch || volume?.emptyDir?.medium === 'Memory'
  const { written, mounted } = volumeFolders(mount.name, place, isMemory)
  // As the kubelet does: a missing sub path of a volume that can be written is made, a folder.
  if (mount.subPath !== undefined && isScratch) mkdirSync(join(written, mount.subPath), { recursive: true })
  return {
    kind: mount.readOnly || !isScratch ? 'readonly' : 'bind',
    source: join(mounted, mount.subPath ?? ''),
    target: mount.mountPath,
  }
}
