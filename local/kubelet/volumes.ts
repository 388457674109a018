import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Pod } from '../controller/pod-object.ts'
import type { KeyedData, KeyToPath, Projection, Volume } from '../manifest/objects.ts'
import { findData, type NamespaceData } from './environment.ts'

/** A file of a volume, relative to the volume's folder. */
export interface VolumeFile {
  readonly path: string
  readonly content: Buffer
  readonly mode: number
}

/** A token that a Pod asks for: written when the Pod starts, and again before it expires. */
export interface TokenFile {
  readonly volume: string
  readonly path: string
  readonly mode: number
  readonly audience: string
  readonly lifetimeSeconds: number
}

export interface VolumeContent {
  readonly name: string
  /** On disk only for an `emptyDir` without `medium: Memory`. */
  readonly isMemory: boolean
  readonly files: readonly VolumeFile[]
  readonly tokens: readonly TokenFile[]
}

const DEFAULT_FILE_MODE = 0o644
/** Kubernetes' default and least lifetime of a projected token. */
const DEFAULT_TOKEN_SECONDS = 3600
const LEAST_TOKEN_SECONDS = 600

/** What is in each volume of a Pod; problems where a cluster would keep the Pod waiting. */
export function describeVolumes(pod: Pod, data: NamespaceData): { volumes: VolumeContent[]; problems: string[] } {
  const problems: string[] = []
  const volumes = (pod.spec.volumes ?? []).map((volume) => describe(volume, { pod, data, problems }))
  return { volumes, problems }
}

interface Lookup {
  readonly pod: Pod
  readonly data: NamespaceData
  readonly problems: string[]
}

function describe(volume: Volume, look: Lookup): VolumeContent {
  const { name } = volume
  const mode = volume.configMap?.defaultMode ?? volume.secret?.defaultMode ?? volume.projected?.defaultMode
  const fileMode = mode ?? DEFAULT_FILE_MODE
  if (volume.configMap) {
    const files = pick(volume.configMap, { list: look.data.configMaps, fileMode, volume: name }, look)
    return { name, isMemory: true, files, tokens: [] }
  }
  if (volume.secret) {
    const reference = { ...volume.secret, name: volume.secret.secretName }
    const files = pick(reference, { list: look.data.secrets, fileMode, volume: name }, look)
    return { name, isMemory: true, files, tokens: [] }
  }
  if (volume.projected) {
    const sources = volume.projected.sources ?? []
    return {
      name,
      isMemory: true,
      files: sources.flatMap((source) => projectedFiles(source, { fileMode, volume: name }, look)),
      tokens: sources.flatMap((source) => projectedTokens(source, { fileMode, volume: name })),
    }
  }
  return { name, isMemory: volume.emptyDir?.medium === 'Memory', files: [], tokens: [] }
}

interface Into {
  readonly fileMode: number
  readonly volume: string
}

function projectedFiles(source: Projection, into: Into, look: Lookup): VolumeFile[] {
  if (source.configMap) return pick(source.configMap, { ...into, list: look.data.configMaps }, look)
  if (source.secret) return pick(source.secret, { ...into, list: look.data.secrets }, look)
  return []
}

function projectedTokens(source: Projection, into: Into): TokenFile[] {
  const token = source.serviceAccountToken
  if (!token) return []
  return [
    {
      volume: into.volume,
      path: token.path,
      mode: into.fileMode,
      audience: token.audience ?? '',
      lifetimeSeconds: Math.max(token.expirationSeconds ?? DEFAULT_TOKEN_SECONDS, LEAST_TOKEN_SECONDS),
    },
  ]
}

function pick(
  reference: { name: string; items?: readonly KeyToPath[]; optional?: boolean },
  from: Into & { list: readonly KeyedData[] },
  look: Lookup,
): VolumeFile[] {
  const found = findData(from.list, look.pod.namespace, reference.name)
  if (found === undefined) {
    if (!reference.optional) look.problems.push(`volume ${from.volume}: there is no ${reference.name} in the manifest`)
    return []
  }
  const items: readonly KeyToPath[] = reference.items ?? [...found.data.keys()].map((key) => ({ key, path: key }))
  return items.flatMap(({ key, path, mode }) => {
    const content = found.data.get(key)
    if (content !== undefined) return [{ path, content, mode: mode ?? from.fileMode }]
    if (!reference.optional) look.problems.push(`volume ${from.volume}: there is no key ${key} in ${reference.name}`)
    return []
  })
}

/** Writes a file so that a reader sees the old content or the new, never half. */
export function writeVolumeFile(folder: string, file: VolumeFile): void {
  const path = join(folder, file.path)
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.next`
  writeFileSync(next, file.content)
  chmodSync(next, file.mode)
  renameSync(next, path)
}
