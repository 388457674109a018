import { INJECTED_ANNOTATION, TERMS_ANNOTATION } from '../../contract/labels.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import { ensureObject, type JsonObject, textAt } from './json.ts'
import { type Draft, type Objection, refuse } from './outcome.ts'

/** Version of what a plan injects; raised when a Job injected by an older one must be told apart. */
export const PLAN_VERSION = '1'
/** Names and values of all annotations of one object, in bytes: the API server takes no more. */
const MAX_ANNOTATIONS = 256 * 1024

/** Whatever stood there is overwritten: only admission writes these two. */
export function recordTerms(draft: Draft, terms: TermsAsked): Objection | null {
  const template = ensureObject(ensureObject(draft.job, 'spec'), 'template')
  const annotations = ensureObject(ensureObject(template, 'metadata'), 'annotations')
  const text = JSON.stringify(terms)
  if (textAt(annotations, TERMS_ANNOTATION) === text && textAt(annotations, INJECTED_ANNOTATION) === PLAN_VERSION)
    return null
  const sizeBefore = sizeOf(annotations)
  annotations[TERMS_ANNOTATION] = text
  annotations[INJECTED_ANNOTATION] = PLAN_VERSION
  const over = sizeOf(annotations) - MAX_ANNOTATIONS
  // What was too large without ours is for the API server to say.
  if (over > 0 && sizeBefore <= MAX_ANNOTATIONS) {
    return refuse(
      'annotations_full',
      `The annotations of the Pod template take ${sizeBefore} of ${MAX_ANNOTATIONS} bytes, which leaves no room for ours; shorten them by ${over} bytes.`,
    )
  }
  draft.changes.push({
    code: 'terms_recorded',
    path: 'spec.template.metadata.annotations',
    sentence: 'The terms asked for stand in the Pod template, where nobody can edit them later.',
  })
  return null
}

function sizeOf(annotations: JsonObject): number {
  return Object.entries(annotations).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : 0),
    0,
  )
}
