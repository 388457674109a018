import { type AdmissionReview, parseAdmissionReview } from '../../contract/admission.schema.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { PlanSettings } from '../plan.ts'
import type { EarlierRuns } from './earlier-runs.ts'
import type { WEBHOOK_METRICS } from './metrics.ts'
import { review } from './review.ts'

/** What admission must know at each review, as it stands then. */
export interface AdmissionSources {
  namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>>>
  policies(): readonly Policy[]
  settings(): PlanSettings
}

export interface ReviewDoors {
  readonly sources: AdmissionSources
  readonly earlierRuns: EarlierRuns
  readonly metrics: Metrics<typeof WEBHOOK_METRICS>
  readonly clock: Clock
  readonly log: Log
}

/** Sends `text`, which is JSON. */
export type Say = (status: number, text: string) => void

/** Answers one review, however its body came. Never rejects. */
export function reviewer(doors: ReviewDoors): (body: Buffer, say: Say) => Promise<void> {
  const { metrics, clock, log } = doors
  return async (body, say) => {
    const startedMs = clock.monotonicMs()
    const asked = readReview(body)
    if (asked === undefined) {
      say(400, JSON.stringify({ message: 'The body is no AdmissionReview of admission.k8s.io/v1.' }))
      return
    }
    const { status, text, code } = await judge(asked, doors).catch((fault: unknown) => failed(fault, log))
    say(status, text)
    if (code === undefined) return
    metrics.count('admission_reviews_total', { code })
    metrics.observe('admission_seconds', {}, (clock.monotonicMs() - startedMs) / 1000)
    const { namespace, operation, kind } = asked.request
    log.info({ namespace, kind: kind.kind, operation, code }, 'reviewed')
  }
}

interface Judged {
  readonly status: number
  readonly text: string
  /** Of a review that failed there is none. */
  readonly code?: string
}

function failed(fault: unknown, log: Log): Judged {
  log.error({ err: fault }, 'a review failed')
  // Not 200: the API server then follows the failurePolicy of the webhook.
  return { status: 500, text: JSON.stringify({ message: fault instanceof Error ? fault.message : String(fault) }) }
}

/** Undefined when it is none. */
export function readReview(body: Buffer): AdmissionReview | undefined {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  return parseAdmissionReview(json)
}

export async function judge(
  { apiVersion, kind, request }: AdmissionReview,
  { sources, earlierRuns }: Pick<ReviewDoors, 'sources' | 'earlierRuns'>,
): Promise<Judged> {
  const { response, code } = review(request, {
    namespaceLabels: await sources.namespaceLabels(request.namespace),
    policies: sources.policies(),
    settings: sources.settings(),
  })
  const earlier = code === 'injected' ? await earlierRuns.warningFor(request) : undefined
  const warnings = [...(response.warnings ?? []), ...(earlier === undefined ? [] : [earlier])]
  const told = warnings.length === 0 ? response : { ...response, warnings }
  return { status: 200, code, text: JSON.stringify({ apiVersion, kind, response: told }) }
}
