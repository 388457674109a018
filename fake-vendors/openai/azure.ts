import { jsonAnswer } from '../talk.ts'
import type { Outcome, VendorCall } from '../vendor.ts'

type Body = Readonly<Record<string, unknown>>

/** What the customer of the stand-in has deployed, and under which names. */
const DEPLOYMENTS: Readonly<Record<string, string>> = { 'chat-prod': 'gpt-4o', 'gpt-4o': 'gpt-4o-mini' }

export interface AzureCall {
  /** As OpenAI has it. */
  readonly path: string
  /** With the model that was deployed in place of the deployment's name. */
  bodyOf(body: Body): Body
  readonly isVersioned: boolean
}

/** Azure's own paths: a deployment is named in the path, else in the body; all but the newest place want an `api-version`. */
export function azureCall({ path, query }: VendorCall): AzureCall | undefined {
  const [, place, rest = ''] = /^\/openai(\/v1|\/deployments\/[^/]+)?(\/.*)$/.exec(path) ?? []
  if (!path.startsWith('/openai/')) return undefined
  const inPath = place?.startsWith('/deployments/') === true ? place.slice('/deployments/'.length) : undefined
  return {
    path: `/v1${rest}`,
    bodyOf: (body) => ({ ...body, model: DEPLOYMENTS[inPath ?? String(body['model'])] }),
    isVersioned: place === '/v1' || new URLSearchParams(query).has('api-version'),
  }
}

/**
 * `#filter=prompt` in a request: the filter stops it while the model writes already, so that its tokens are sold
 * (https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter).
 */
export function filteredAtAzure(call: VendorCall, outcome: Outcome): Outcome {
  const isStopped = call.path.startsWith('/openai/') && call.body.includes('#filter=prompt')
  if (!isStopped || outcome.fact.kind !== 'effect') return outcome
  const innererror = { code: 'ResponsibleAIPolicyViolation', content_filter_result: {} }
  const message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
  const error = { message, type: null, param: 'prompt', code: 'content_filter', status: 400, innererror }
  return {
    ...outcome,
    answer: jsonAnswer(400, { error }, { 'x-request-id': call.requestId }),
    fact: { ...outcome.fact, status: 400 },
  }
}
