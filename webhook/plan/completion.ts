import { type JsonObject, numberAt, objectAt, textAt } from './json.ts'
import { type Draft, type Objection, refuse, warn } from './outcome.ts'
import { podOf, specOf } from './pod.ts'

/** A Pod of an Indexed Job has the host name `<job>-<index>`, a DNS label. */
const MAX_LABEL = 63
/** The API server cuts `generateName` to this length and adds 5 characters. */
const MAX_GENERATED_BASE = 58
const GENERATED_SUFFIX = 5
const LABEL_START = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

/**
 * Without `completions` and with `parallelism` a Job is a work queue; with neither it is one Pod. So it is with one Pod at a
 * time, whose success ends the Job either way; only where its name does not fit an Indexed Job it stays what it is.
 */
function isWorkQueue(job: JsonObject): boolean {
  const spec = specOf(job)
  const parallelism = numberAt(spec, 'parallelism')
  if (numberAt(spec, 'completions') !== undefined || parallelism === undefined) return false
  return parallelism !== 1 || objectionToName(job) !== null
}

/** Whether the name leaves room for the index. Null: it does, or the Job does not become Indexed by us. */
export function objectionToIndexedName(job: JsonObject): Objection | null {
  if (isWorkQueue(job) || textAt(specOf(job), 'completionMode') === 'Indexed') return null
  return objectionToName(job)
}

function objectionToName(job: JsonObject): Objection | null {
  const spec = specOf(job)
  const lastIndex = Math.max((numberAt(spec, 'completions') ?? 1) - 1, 0)
  const longest = MAX_LABEL - 1 - String(lastIndex).length
  const metadata = objectAt(job, 'metadata')
  const own = textAt(metadata, 'name')
  const stem = textAt(metadata, 'generateName') ?? ''
  const name = own ?? generatedName(stem)
  const given = own ?? `${stem} (generateName)`
  if (!LABEL_START.test(name)) {
    return refuse(
      'name_not_label',
      `${given} cannot be the name of an Indexed Job, whose Pods are named after it; use lower-case letters, digits and dashes.`,
    )
  }
  if (name.length <= longest) return null
  // A `generateName` that is too long is cut by the API server: it has to lose that as well.
  const excess = (own?.length ?? stem.length + GENERATED_SUFFIX) - longest
  return refuse(
    'name_too_long',
    `${given} makes a Job name of ${name.length} characters; an Indexed Job of ${lastIndex + 1} completions may have ${longest}: shorten it by ${excess}.`,
  )
}

export function makeIndexed(draft: Draft): void {
  const spec = specOf(draft.job)
  if (isWorkQueue(draft.job)) {
    warn(
      draft.warnings,
      'work_queue',
      'A work queue (parallelism without completions) has no index by which a replaced Pod could replay what the old one did: a paid call without an Idempotency-Key that names the intention is refused. Send such keys, or set completions.',
    )
    return
  }
  if (textAt(spec, 'completionMode') === 'Indexed') return
  spec['completionMode'] = 'Indexed'
  // The API server has put 1 there already; a file has not.
  if (numberAt(spec, 'completions') === undefined) spec['completions'] = 1
  draft.changes.push({
    code: 'made_indexed',
    path: 'spec.completionMode',
    sentence: 'Indexed completion, so that a replaced Pod is known to walk the same work again.',
  })
  const hostname = textAt(podOf(draft.job), 'hostname')
  if (hostname !== undefined) {
    warn(
      draft.warnings,
      'hostname_overwritten',
      `hostname ${hostname} has no effect: a Pod of an Indexed Job is called <job>-<index>.`,
    )
  }
}

export function replaceOnlyEndedPods(draft: Draft): void {
  const spec = specOf(draft.job)
  if (textAt(spec, 'podReplacementPolicy') === 'Failed') return
  spec['podReplacementPolicy'] = 'Failed'
  draft.changes.push({
    code: 'replacement_after_end',
    path: 'spec.podReplacementPolicy',
    sentence: 'A Pod is replaced only once it is gone, so that two Pods of one index do not work at once.',
  })
}

function generatedName(base: string): string {
  return base.slice(0, MAX_GENERATED_BASE) + 'x'.repeat(GENERATED_SUFFIX)
}
