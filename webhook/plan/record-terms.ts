import { INJECTED_ANNOTATION, TERMS_ANNOTATION } from '../../contract/labels.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import { ensureObject, textAt } from './json.ts'
import type { Draft } from './outcome.ts'

/** Version of what a plan injects; raised when a Job injected by an older one must be told apart. */
export const PLAN_VERSION = '1'

/** Whatever stood there is overwritten: only admission writes these two. */
export function recordTerms(draft: Draft, terms: TermsAsked): void {
  const template = ensureObject(ensureObject(draft.job, 'spec'), 'template')
  const annotations = ensureObject(ensureObject(template, 'metadata'), 'annotations')
  const text = JSON.stringify(terms)
  if (textAt(annotations, TERMS_ANNOTATION) === text && textAt(annotations, INJECTED_ANNOTATION) === PLAN_VERSION)
    return
  annotations[TERMS_ANNOTATION] = text
  annotations[INJECTED_ANNOTATION] = PLAN_VERSION
  draft.changes.push({
    code: 'terms_recorded',
    path: 'spec.template.metadata.annotations',
    sentence: 'The terms asked for stand in the Pod template, where nobody can edit them later.',
  })
}
