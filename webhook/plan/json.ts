/** An object as YAML or the API server gave it, unknown fields and all. */
export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Of what came as JSON. V8's own `structuredClone` takes twice as long, and several times as long for a small object. */
export function copyOf<Json>(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

/** The object at `path`, or an empty one that is not part of the tree. For reading. */
export function objectAt(root: JsonObject, ...path: readonly string[]): JsonObject {
  return path.reduce<JsonObject>((owner, key) => {
    const value = owner[key]
    return isObject(value) ? value : {}
  }, root)
}

/** The objects of the list at `key`; what is no object is left out. For reading. */
export function objectsAt(owner: JsonObject, key: string): JsonObject[] {
  const value = owner[key]
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function textAt(owner: JsonObject, key: string): string | undefined {
  const value = owner[key]
  return typeof value === 'string' ? value : undefined
}

export function numberAt(owner: JsonObject, key: string): number | undefined {
  const value = owner[key]
  return typeof value === 'number' ? value : undefined
}

/** Labels or annotations: the texts of an object. */
export function textsAt(owner: JsonObject, key: string): Record<string, string> {
  const entries = Object.entries(objectAt(owner, key))
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

/** The object at `key`, made when it is absent or null. For writing. */
export function ensureObject(owner: JsonObject, key: string): JsonObject {
  const value = owner[key]
  if (isObject(value)) return value
  const made: JsonObject = {}
  owner[key] = made
  return made
}

/**
 * Whether `present` says at least what `wanted` says. The API server and other webhooks add defaults to what we
 * injected; a list must have the same length.
 */
export function contains(present: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(present) &&
      present.length === wanted.length &&
      wanted.every((item, at) => contains(present[at], item))
    )
  }
  if (!isObject(wanted)) return present === wanted
  return isObject(present) && Object.entries(wanted).every(([key, value]) => contains(present[key], value))
}
