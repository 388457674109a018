import { INJECTED_ANNOTATION, PROXY_CONTAINER, TERMS_ANNOTATION } from '../../contract/labels.ts'
import { keepEnvironments } from './environment.ts'
import { keepHosts } from './hosts.ts'
import { isObject, type JsonObject, numberAt, objectAt, objectsAt } from './json.ts'
import { diff, type PatchOperation } from './json-patch.ts'
import { nameOf, OUR_CONTAINERS, podOf } from './pod.ts'
import { withRoom } from './pod-resources.ts'
import type { PodResources } from './settings.ts'

/** Fields of a Job's spec that nobody can change after its creation, and that a plan writes. */
const IMMUTABLE = ['template', 'completionMode', 'podFailurePolicy', 'podReplacementPolicy'] as const

/**
 * Puts back what admission had changed, where somebody applies the same manifest again: each place at which planning the
 * new object afresh gives the old one, our own containers and notes apart. A real edit stays, and the API server judges it:
 * it refuses most, but of a suspended Job it takes labels, node selectors and the like.
 */
export function restore(asked: {
  readonly old: JsonObject
  readonly updated: JsonObject
  /** The updated object as admission would rewrite it again: `planAgain`. */
  readonly planned: JsonObject
}): readonly PatchOperation[] {
  const { old, updated, planned } = asked
  const withSecrets = withPullSecretsOf(old, { updated, planned: withCompletionOf(old, planned) })
  const asThen = structuredClone(withPodResourcesOf(old, { updated, planned: withSecrets }))
  keepHosts(old, asThen)
  keepEnvironments(old, asThen)
  keepOurs(old, asThen)
  const restored = structuredClone(updated)
  const spec = objectAt(restored, 'spec')
  for (const field of IMMUTABLE) {
    const at = (job: JsonObject) => objectAt(job, 'spec')[field]
    const value = restoredAt({ old: at(old), updated: at(updated), planned: at(asThen) })
    if (value === undefined) delete spec[field]
    else spec[field] = value
  }
  const { completions } = objectAt(old, 'spec')
  // Where the manifest names none beside its `parallelism`, they are ours.
  if (numberAt(spec, 'completions') === undefined && completions !== undefined) spec['completions'] = completions
  return diff(updated, restored)
}

/** One place of the Job. */
interface Place {
  readonly old: unknown
  readonly updated: unknown
  readonly planned: unknown
}

function restoredAt({ old, updated, planned }: Place): unknown {
  if (isSame(old, updated)) return updated
  if (isSame(old, planned)) return old
  if (!isObject(old) || !isObject(updated) || !isObject(planned)) return planned
  const keys = new Set([old, updated, planned].flatMap((each) => Object.keys(each)))
  const at = (key: string) => ({ old: old[key], updated: updated[key], planned: planned[key] })
  const entries = [...keys].map((key) => [key, restoredAt(at(key))] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** What is absent is the same as what is null. */
function isSame(one: unknown, other: unknown): boolean {
  return diff(one ?? null, other ?? null).length === 0
}

/** One Pod at a time without `completions` was a work queue to a jobcap of before. */
function withCompletionOf(old: JsonObject, planned: JsonObject): JsonObject {
  const { completions, completionMode } = objectAt(old, 'spec')
  if (typeof completions === 'number' || numberAt(objectAt(planned, 'spec'), 'completions') !== 1) return planned
  const same = structuredClone(planned)
  objectAt(same, 'spec')['completionMode'] = completionMode
  return same
}

/** Which of the old one's pull Secrets were ours is not known any more; one that is new is a real edit. */
function withPullSecretsOf(
  old: JsonObject,
  { updated, planned }: { readonly updated: JsonObject; readonly planned: JsonObject },
): JsonObject {
  const before = objectsAt(podOf(old), 'imagePullSecrets')
  const known = new Set(before.map(nameOf))
  if (!objectsAt(podOf(updated), 'imagePullSecrets').every((secret) => known.has(nameOf(secret)))) return planned
  const same = structuredClone(planned)
  if (before.length === 0) delete podOf(same)['imagePullSecrets']
  else podOf(same)['imagePullSecrets'] = before
  return same
}

/**
 * Raised for what ours asked for when the Job was made; a jobcap of before left it as it was. Each figure for itself:
 * kubectl puts back those that its manifest names, and leaves one that we added.
 */
function withPodResourcesOf(
  old: JsonObject,
  { updated, planned }: { readonly updated: JsonObject; readonly planned: JsonObject },
): JsonObject {
  const before = objectAt(podOf(old), 'resources')
  const proxy = objectsAt(podOf(old), 'initContainers').find((container) => nameOf(container) === PROXY_CONTAINER)
  const { requests, limits } = objectAt(proxy ?? {}, 'resources') as Partial<PodResources>
  const asked = objectAt(podOf(updated), 'resources')
  const raised = (requests && limits && withRoom(updated, { requests, limits })) ?? asked
  const isAsBefore = ['requests', 'limits'].every((kind) => {
    const [then, ...now] = [before, asked, raised].map((resources) => objectAt(resources, kind))
    return Object.keys({ ...then, ...now[0] }).every((name) => now.some((figures) => figures[name] === then?.[name]))
  })
  if (!isAsBefore) return planned
  const same = structuredClone(planned)
  if (podOf(old)['resources'] === undefined) delete podOf(same)['resources']
  else podOf(same)['resources'] = before
  return same
}

/** Our containers and notes stay those of then: whichever image and terms they have. */
function keepOurs(old: JsonObject, job: JsonObject): void {
  const annotations = (of: JsonObject) => objectAt(of, 'spec', 'template', 'metadata', 'annotations')
  for (const note of [TERMS_ANNOTATION, INJECTED_ANNOTATION]) annotations(job)[note] = annotations(old)[note]
  const containersOf = (of: JsonObject) => objectsAt(podOf(of), 'initContainers')
  const theirsOf = (of: JsonObject) => containersOf(of).filter((container) => !isOurs(container))
  podOf(job)['initContainers'] = isSame(theirsOf(old), theirsOf(job))
    ? containersOf(old)
    : [...containersOf(old).filter(isOurs), ...theirsOf(job)]
}

function isOurs(container: JsonObject): boolean {
  return OUR_CONTAINERS.includes(nameOf(container))
}
