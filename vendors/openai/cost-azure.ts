import type { Deployment, TokenPricing } from '../../contract/pricing.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import type { CallText } from '../../contract/vendor.ts'
import type { VendorAnswer } from '../costing.ts'
import { show } from '../tokens/cost-request.ts'
import { isObject, objectAt, parseAnswer, type Unknown } from '../tokens/cost-usage.ts'
import { routeOf } from './cost-routes.ts'
import { azurePath, pathAstray, withoutVersion } from './path.ts'

/**
 * Which model a request at Azure is for. A path with a deployment in it settles that, whatever `model` the body has beside
 * it: the SDK leaves the word of the program there, such as `gpt-4o`, also where the client was made for another deployment.
 */
export function modelAtAzure(
  path: string,
  deployments: readonly Deployment[],
): (named: string | undefined) => string | Refusal {
  return (named) => {
    const asked = azurePath(path)?.deployment ?? named
    if (asked === undefined) return refusal('model_unknown', 'The request names no deployment as its `model`.')
    const found = deployments.find(({ name }) => name === asked)
    return found?.model ?? deploymentUnknown(asked)
  }
}

/**
 * What Azure refuses only once the model has worked on it, and bills: "a 400 error due to a content filter or input limit"
 * (https://learn.microsoft.com/azure/ai-services/openai/how-to/manage-costs), the filter for prompt and completion
 * (https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter), read in copies on 2026-11-28. A 408, of which
 * the first page says the same, leaves the outcome unknown anyway.
 */
const BILLED_REFUSALS: readonly unknown[] = [
  'content_filter',
  'ResponsibleAIPolicyViolation',
  'context_length_exceeded',
]

/** Whether an answer without a usage was billed all the same. */
export function isBilledRefusal(path: string, { status, body }: VendorAnswer): boolean {
  if (status !== 400 || azurePath(path) === undefined) return false
  const answer = parseAnswer(body)
  const error = objectAt(answer, 'error')
  const codes = [answer, error, objectAt(error, 'innererror')].filter(isObject).map(({ code }: Unknown) => code)
  return codes.some((code) => BILLED_REFUSALS.includes(code))
}

function deploymentUnknown(name: string): Refusal {
  return refusal(
    'model_unknown',
    `The deployment \`${show(name)}\` is not in the policy. Declare it there under \`deployments\` of the vendor, with the ` +
      `model behind it: {name: "${show(name)}", model: "gpt-4o"}.`,
  )
}

/** A path of Azure's at a vendor that is not said to be there, or the other way round. */
export function refuseOtherPlace(call: CallText, { deployments }: TokenPricing): Refusal | null {
  const { method, path } = call
  const there = azurePath(path)
  if (deployments === undefined) {
    const astray = azurePath(pathAstray(path) ?? '')
    if (astray !== undefined && routeOf({ method, path: astray.path }, {}) !== undefined) return refuseAstray(call)
    const isAzures = there !== undefined && routeOf({ method, path: there.path }, {}) !== undefined
    if (!isAzures) return null
    return refusal(
      'route_unknown',
      `${method} ${path} is a path of Azure's. To allow it, give the vendor in the policy the baseUrl of the Azure resource ` +
        `and its \`deployments\`: [{name: "${show(there.deployment ?? 'my-deployment')}", model: "gpt-4o"}], with the model ` +
        'under `models`.',
    )
  }
  if (there !== undefined || routeOf(call, {}) === undefined) return null
  return refusal(
    'route_unknown',
    `There is no ${method} ${path} at Azure. Is ${method} /openai/v1${withoutVersion(path)} meant? Then the app's base URL ` +
      'has to end in `/openai/v1`.',
  )
}

function refuseAstray({ method, path }: CallText): Refusal {
  return refusal(
    'route_unknown',
    `${method} ${path} is what a client of Azure's asks at the address of OpenAI: \`AzureOpenAI\` for Node takes ` +
      '`OPENAI_BASE_URL` before an address of its own. Make it with a `baseURL` that names the vendor at Azure, such as ' +
      '`http://localhost:8080/azure/openai`.',
  )
}
