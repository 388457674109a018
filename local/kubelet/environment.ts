import type { Pod } from '../controller/pod-object.ts'
import type { Container, EnvVar, KeyedData, KeyReference } from '../manifest/objects.ts'

/** ConfigMaps and Secrets of the manifest. */
export interface NamespaceData {
  readonly configMaps: readonly KeyedData[]
  readonly secrets: readonly KeyedData[]
}

export interface ContainerEnvironment {
  readonly variables: Readonly<Record<string, string>>
  /** Why the container could not be created: a cluster would keep the Pod waiting. */
  readonly problems: readonly string[]
}

/** The variables that a container declares, in Kubernetes' order: `envFrom` first, `env` over it, `$(NAME)` expanded. */
export function buildEnvironment(container: Container, pod: Pod, data: NamespaceData): ContainerEnvironment {
  const variables: Record<string, string> = {}
  const problems: string[] = []
  const look = { pod, data, problems, container: container.name }
  for (const source of container.envFrom ?? []) {
    for (const [reference, list] of [
      [source.configMapRef, data.configMaps],
      [source.secretRef, data.secrets],
    ] as const) {
      if (reference === undefined) continue
      const found = findData(list, pod.namespace, reference.name)
      if (found === undefined) {
        if (!reference.optional)
          problems.push(`${container.name}: envFrom: there is no ${reference.name} in the manifest`)
        continue
      }
      for (const [key, value] of found.data) variables[`${source.prefix ?? ''}${key}`] = value.toString('utf8')
    }
  }
  for (const declared of container.env ?? []) {
    const value = valueOf(declared, variables, look)
    if (value !== undefined) variables[declared.name] = value
  }
  return { variables, problems }
}

interface Lookup {
  readonly pod: Pod
  readonly data: NamespaceData
  readonly problems: string[]
  readonly container: string
}

/** Undefined for an optional reference that leads nowhere: the variable is then not set at all. */
function valueOf(declared: EnvVar, earlier: Readonly<Record<string, string>>, look: Lookup): string | undefined {
  const { valueFrom } = declared
  if (valueFrom === undefined) return expand(declared.value ?? '', earlier)
  if (valueFrom.configMapKeyRef) return keyValue(valueFrom.configMapKeyRef, look.data.configMaps, { declared, look })
  if (valueFrom.secretKeyRef) return keyValue(valueFrom.secretKeyRef, look.data.secrets, { declared, look })
  const path = valueFrom.fieldRef?.fieldPath ?? ''
  const field = fieldOf(look.pod, path)
  if (field === undefined) look.problems.push(`${look.container}: ${declared.name}: no field ${path} locally`)
  return field
}

function keyValue(
  reference: KeyReference,
  list: readonly KeyedData[],
  { declared, look }: { declared: EnvVar; look: Lookup },
): string | undefined {
  const value = findData(list, look.pod.namespace, reference.name)?.data.get(reference.key)
  if (value === undefined && !reference.optional) {
    look.problems.push(`${look.container}: ${declared.name}: there is no key ${reference.key} in ${reference.name}`)
  }
  return value?.toString('utf8')
}

export function findData(list: readonly KeyedData[], namespace: string, name: string): KeyedData | undefined {
  return list.find((one) => one.name === name && one.namespace === namespace)
}

const PLAIN_FIELDS: Readonly<Record<string, (pod: Pod) => string>> = {
  'metadata.name': (pod) => pod.name,
  'metadata.namespace': (pod) => pod.namespace,
  'metadata.uid': (pod) => pod.uid,
  'spec.nodeName': () => 'local',
  'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? 'default',
  'status.podIP': () => '127.0.0.1',
  'status.hostIP': () => '127.0.0.1',
}

function fieldOf(pod: Pod, path: string): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (keyed !== null) return pod[keyed[1] as 'labels' | 'annotations'][keyed[2] ?? ''] ?? ''
  return Object.hasOwn(PLAIN_FIELDS, path) ? PLAIN_FIELDS[path]?.(pod) : undefined
}

/** `$(NAME)` is replaced where NAME is known, left alone where not; `$$(NAME)` stands for the text `$(NAME)`. */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$'
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : whole
  })
}
