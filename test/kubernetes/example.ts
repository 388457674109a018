import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

export const EXAMPLE = join(import.meta.dirname, '../../manifests/examples/nightly-billing')

/** The example's policy, but for where Stripe is. */
export function examplePolicy(stripeUrl: string): object {
  const policy = parse(readFileSync(join(EXAMPLE, 'policy.yaml'), 'utf8')) as {
    spec: { vendors: { baseUrl: string }[] }
  }
  for (const vendor of policy.spec.vendors) vendor.baseUrl = stripeUrl
  return policy
}
