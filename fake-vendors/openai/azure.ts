import type { VendorCall } from '../vendor.ts'

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
