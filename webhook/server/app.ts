import type { RequestListener } from 'node:http'
import express, { type ErrorRequestHandler } from 'express'
import { parseAdmissionReview } from '../../contract/admission.schema.ts'
import { METRICS_ROUTE, READY_ROUTE } from '../../contract/routes.ts'
import type { Policy } from '../../policy/policy.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { PlanSettings } from '../plan.ts'
import type { EarlierRuns } from './earlier-runs.ts'
import type { WEBHOOK_METRICS } from './metrics.ts'
import { review } from './review.ts'

/** Where the API server sends its reviews. */
export const ADMIT_ROUTE = '/admit'
/** The API server takes objects of up to 3 MiB from clients; a review of an UPDATE carries two. */
const MAX_REVIEW = '10mb'

/** What admission must know at each review, as it stands then. */
export interface AdmissionSources {
  namespaceLabels(namespace: string): Promise<Readonly<Record<string, string>>>
  policies(): readonly Policy[]
  settings(): PlanSettings
}

export interface AdmissionAppDoors {
  readonly sources: AdmissionSources
  readonly earlierRuns: EarlierRuns
  readonly metrics: Metrics<typeof WEBHOOK_METRICS>
  readonly clock: Clock
  readonly log: Log
}

/** The admission server: reviews, readiness, metrics. */
export function createAdmissionApp({ sources, earlierRuns, metrics, clock, log }: AdmissionAppDoors): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.get(READY_ROUTE, (_request, response) => {
    response.json({ ready: true })
  })
  app.get(METRICS_ROUTE, async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text())
  })
  app.post(ADMIT_ROUTE, express.json({ limit: MAX_REVIEW, type: () => true }), async (request, response) => {
    const startedMs = clock.monotonicMs()
    const asked = parseAdmissionReview(request.body)
    if (asked === undefined) {
      response.status(400).json({ message: 'The body is no AdmissionReview of admission.k8s.io/v1.' })
      return
    }
    const { namespace } = asked.request
    const { response: answer, code } = review(asked.request, {
      namespaceLabels: await sources.namespaceLabels(namespace),
      policies: sources.policies(),
      settings: sources.settings(),
    })
    const earlier = code === 'injected' ? await earlierRuns.warningFor(asked.request) : undefined
    const warnings = [...(answer.warnings ?? []), ...(earlier === undefined ? [] : [earlier])]
    const told = warnings.length === 0 ? answer : { ...answer, warnings }
    response.json({ apiVersion: asked.apiVersion, kind: asked.kind, response: told })
    metrics.count('admission_reviews_total', { code })
    metrics.observe('admission_seconds', {}, (clock.monotonicMs() - startedMs) / 1000)
    log.info({ namespace, kind: asked.request.kind.kind, operation: asked.request.operation, code }, 'reviewed')
  })
  app.use(answerFault(log))
  return app
}

function answerFault(log: Log): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  // eslint-disable-next-line max-params
  return (fault: unknown, _request, response, _next) => {
    const status = (fault as { status?: number }).status ?? 500
    if (status >= 500) log.error({ err: fault }, 'a review failed')
    // Not 200: the API server then follows the failurePolicy of the webhook.
    response.status(status).json({ message: fault instanceof Error ? fault.message : String(fault) })
  }
}
