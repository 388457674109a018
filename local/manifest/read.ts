import { LineCounter, parseAllDocuments } from 'yaml'
import { DEFAULT_NAMESPACE, type KeyedData, type Namespace } from './objects.ts'
import { isObject } from './shape.ts'

/** One document of a manifest that has a kind and a name. */
export interface ManifestObject {
  readonly kind: string
  /** `metadata.name`, or `metadata.generateName` where there is none. */
  readonly name: string
  readonly namespace: string
  /** Line of the file on which the document starts, from 1. */
  readonly line: number
  /** The document as written. */
  readonly raw: Record<string, unknown>
}

export interface Manifest {
  /** Jobs and CronJobs, in the order of the file. */
  readonly workloads: readonly ManifestObject[]
  readonly configMaps: readonly KeyedData[]
  readonly secrets: readonly KeyedData[]
  readonly namespaces: readonly Namespace[]
  /** Documents of other kinds, which do nothing here: `Kind/name`. */
  readonly skipped: readonly string[]
}

export type ManifestReading =
  | { readonly kind: 'read'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

/** Reads all documents of a YAML (or JSON) file. `fileName` is named in problems; nothing is opened here. */
export function readManifest(text: string, fileName: string): ManifestReading {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })
  const problems: string[] = []
  const objects: ManifestObject[] = []
  for (const document of documents) {
    // Those after the first follow from it, one for each word that is left.
    for (const error of document.errors.slice(0, 1)) {
      const { line, col } = lines.linePos(error.pos[0])
      problems.push(`${fileName}:${line}:${col}: ${firstSentence(error.message)}`)
    }
    if (document.errors.length > 0) continue
    const { line } = lines.linePos(document.contents?.range[0] ?? 0)
    for (const value of flattenLists(document.toJS())) {
      const read = asObject(value, line)
      if (typeof read === 'string') problems.push(`${fileName}:${line}: ${read}`)
      else objects.push(read)
    }
  }
  problems.push(...findDoubles(objects, fileName))
  if (problems.length > 0) return { kind: 'refused', problems }
  return collect(objects, fileName)
}

/** The parser repeats the place and quotes the text on further lines. */
function firstSentence(message: string): string {
  return message.replace(/(?: at line \d+|\n)[^]*$/, '')
}

/** `kind: List` carries its objects in `items`; an empty document carries none. */
function flattenLists(value: unknown): unknown[] {
  if (value === null || value === undefined) return []
  if (isObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])) return value['items']
  return [value]
}

function asObject(value: unknown, line: number): ManifestObject | string {
  if (!isObject(value)) return 'this document is not an object'
  const { kind, metadata } = value
  if (typeof kind !== 'string') return 'this document has no kind'
  if (!isObject(metadata)) return `this ${kind} has no metadata`
  const name = metadata['name'] ?? metadata['generateName']
  if (typeof name !== 'string' || name === '') return `this ${kind} has no metadata.name`
  const namespace = metadata['namespace'] ?? DEFAULT_NAMESPACE
  if (typeof namespace !== 'string') return `${kind}/${name}: metadata.namespace must be a string`
  return { kind, name, namespace, line, raw: value }
}

function findDoubles(objects: readonly ManifestObject[], fileName: string): string[] {
  const firstLine = new Map<string, number>()
  const problems: string[] = []
  for (const { kind, name, namespace, line } of objects) {
    const id = `${kind}/${name} in namespace ${namespace}`
    const earlier = firstLine.get(id)
    if (earlier === undefined) firstLine.set(id, line)
    else problems.push(`${fileName}:${line}: ${id} is there twice (first on line ${earlier})`)
  }
  return problems
}

function collect(objects: readonly ManifestObject[], fileName: string): ManifestReading {
  const workloads: ManifestObject[] = []
  const configMaps: KeyedData[] = []
  const secrets: KeyedData[] = []
  const namespaces: Namespace[] = []
  const skipped: string[] = []
  const problems: string[] = []
  for (const object of objects) {
    switch (object.kind) {
      case 'Job':
      case 'CronJob':
        workloads.push(object)
        break
      case 'ConfigMap':
        configMaps.push(readData(object, [{ field: 'data' }, { field: 'binaryData', base64: true }], problems))
        break
      case 'Secret':
        secrets.push(readData(object, [{ field: 'data', base64: true }, { field: 'stringData' }], problems))
        break
      case 'Namespace':
        namespaces.push({ name: object.name, labels: readLabels(object) })
        break
      default:
        skipped.push(`${object.kind}/${object.name}`)
    }
  }
  if (workloads.length === 0) problems.push(`${fileName}: there is no Job and no CronJob in this file`)
  if (problems.length > 0) return { kind: 'refused', problems }
  return { kind: 'read', manifest: { workloads, configMaps, secrets, namespaces, skipped } }
}

/** Later fields win over earlier ones, as `stringData` does over `data`. */
function readData(
  object: ManifestObject,
  fields: readonly { field: string; base64?: boolean }[],
  problems: string[],
): KeyedData {
  const data = new Map<string, Buffer>()
  for (const { field, base64 } of fields) {
    const values = object.raw[field] ?? {}
    const path = `${object.kind}/${object.name}: ${field}`
    if (!isObject(values)) {
      problems.push(`${path} must be an object`)
      continue
    }
    for (const [key, value] of Object.entries(values)) {
      if (typeof value !== 'string') problems.push(`${path}.${key} must be a string (put it in quotes)`)
      else if (base64 && !isBase64(value)) problems.push(`${path}.${key} is not base64`)
      else data.set(key, Buffer.from(value, base64 ? 'base64' : 'utf8'))
    }
  }
  return { name: object.name, namespace: object.namespace, data }
}

function isBase64(text: string): boolean {
  const packed = text.replace(/\s+/g, '')
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed)
}

function readLabels(object: ManifestObject): Record<string, string> {
  const metadata = object.raw['metadata']
  const labels = isObject(metadata) ? metadata['labels'] : undefined
  if (!isObject(labels)) return {}
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]))
}
