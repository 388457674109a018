import type { AdmissionReview } from '../../contract/admission.schema.ts'
import { SKIPPED_ANNOTATION } from '../../contract/labels.ts'
import { objectAt } from '../plan/json.ts'
import { diff } from '../plan/json-patch.ts'
import type { Plan, Warning } from '../plan/outcome.ts'
import { isInjected } from '../plan/pod.ts'
import { restore } from '../plan/restore.ts'
import { type JsonObject, plan, planAgain, planCronJob, type Surroundings } from '../plan.ts'

/** The API server cuts the warnings of one answer once they pass 4096 characters in all. */
const MAX_WARNING_CHARACTERS = 4_000

type AdmissionRequest = AdmissionReview['request']

/** `response` of the review that goes back. */
export interface AdmissionResponse {
  readonly uid: string
  readonly allowed: boolean
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string }
  readonly patchType?: 'JSONPatch'
  /** Base64 of the operations. */
  readonly patch?: string
  readonly warnings?: readonly string[]
}

/** What is done with one request. `code` is a reason of admission, or what was done. */
export interface Reviewed {
  readonly response: AdmissionResponse
  readonly code: string
}

/** Judges one object. Never changes anything but by its answer, so a dry run is the same. */
export function review(request: AdmissionRequest, surroundings: Surroundings): Reviewed {
  const { group, version, kind } = request.kind
  const isCreate = request.operation === 'CREATE'
  if (group === 'batch' && version === 'v1' && kind === 'Job' && isCreate) return reviewNewJob(request, surroundings)
  if (group === 'batch' && version === 'v1' && kind === 'Job' && request.operation === 'UPDATE') {
    return reviewUpdatedJob(request, surroundings)
  }
  if (group === 'batch' && version === 'v1' && kind === 'CronJob') return reviewCronJob(request, surroundings)
  const said = `jobcap looks at Jobs and CronJobs of batch/v1 only; this is ${kind} of ${group}/${version}, and it is left alone`
  return { response: { uid: request.uid, allowed: true, warnings: [said] }, code: 'not_ours' }
}

function reviewNewJob({ uid, object: job }: AdmissionRequest, surroundings: Surroundings): Reviewed {
  const planned = plan({ ...surroundings, job })
  switch (planned.kind) {
    case 'refuse':
      return { response: { uid, ...refusal(planned), ...warningsOf(planned.warnings) }, code: planned.code }
    case 'skip': {
      const patch = markSkipped(job, planned)
      return { response: { uid, allowed: true, ...patch, ...warningsOf(planned.warnings) }, code: planned.code }
    }
    case 'inject':
      return {
        response: { uid, allowed: true, ...patchOf(planned.patch), ...warningsOf(planned.warnings) },
        code: planned.patch.length === 0 ? 'injected_before' : 'injected',
      }
  }
}

function reviewUpdatedJob(request: AdmissionRequest, { settings }: Surroundings): Reviewed {
  const { uid, object: updated, oldObject: old } = request
  const untouched: Reviewed = { response: { uid, allowed: true }, code: 'update_untouched' }
  if (old === null || !isInjected(old)) return untouched
  const planned = planAgain(updated, settings)
  if (planned === undefined) return untouched
  const operations = restore({ old, updated, planned })
  if (operations.length === 0) return untouched
  return { response: { uid, allowed: true, ...patchOf(operations) }, code: 'update_restored' }
}

/** A CronJob is never changed and never refused: what its Jobs would meet is said as warnings. */
function reviewCronJob({ uid, object: cronJob }: AdmissionRequest, surroundings: Surroundings): Reviewed {
  const planned = planCronJob({ ...surroundings, cronJob })
  const refused = planned.kind === 'refuse' ? [`its Jobs will be refused: ${planned.sentence}`] : []
  const warnings = [...refused, ...planned.warnings.map(({ sentence }) => sentence)]
  return { response: { uid, allowed: true, ...cut(warnings) }, code: `cron_job_${planned.kind}` }
}

function refusal({ code, sentence }: Extract<Plan, { kind: 'refuse' }>): Pick<AdmissionResponse, 'allowed' | 'status'> {
  return { allowed: false, status: { code: 403, reason: 'Forbidden', message: `jobcap (${code}): ${sentence}` } }
}

/** Only where somebody asked for injection: the label on the namespace. */
function markSkipped(job: JsonObject, planned: Extract<Plan, { kind: 'skip' }>): Partial<AdmissionResponse> {
  if (planned.code === 'namespace_not_enabled' || planned.code === 'not_a_job') return {}
  const marked = structuredClone(job)
  const metadata = objectAt(marked, 'metadata')
  metadata['annotations'] = { ...objectAt(metadata, 'annotations'), [SKIPPED_ANNOTATION]: planned.code }
  return patchOf(diff(job, marked))
}

function patchOf(operations: readonly object[]): Partial<AdmissionResponse> {
  if (operations.length === 0) return {}
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') }
}

function warningsOf(warnings: readonly Warning[]): Pick<AdmissionResponse, 'warnings'> {
  return cut(warnings.map(({ sentence }) => sentence))
}

function cut(sentences: readonly string[]): Pick<AdmissionResponse, 'warnings'> {
  const warnings: string[] = []
  let left = MAX_WARNING_CHARACTERS
  for (const sentence of sentences) {
    left -= sentence.length
    if (left < 0) break
    warnings.push(sentence)
  }
  return warnings.length === 0 ? {} : { warnings }
}
