import type { Policy } from '../../policy/policy.ts'
import { parsePolicies } from '../../policy/policy-file.ts'

/** A right policy, to be read as it is or with a place of it replaced. */
export const EXAMPLE = `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {jobcap.dev/inject: enabled}}
  caps: {perRunUsd: {default: "500.00", max: "20000.00"}, perDayUsd: "50000.00", perNamespaceDayUsd: "40000.00"}
  expiresIn: 24h
  appKeys: auto
  divergingReplay: refuse
  ambiguousRepeat: refuse
  allowOptOut: false
  currencies: {bufferBasisPoints: 200, usdMicrosPerMajorUnit: {EUR: 1080000, JPY: 6700}}
  vendors:
  - name: stripe
    type: stripe
    secretRef: {name: stripe, key: api-key}
    perDayUsd: "30000.00"
    allowedEndpoints: ["POST /v1/payment_intents", "POST /v1/payment_intents/*/confirm", "GET /v1/*"]
  - name: geocode
    type: generic
    baseUrl: http://127.0.0.1:12112
    secretRef: {name: geo, key: token}
    auth: {header: X-Api-Key}
    idempotency: never
    routes: [{match: "POST /v1/lookup", usd: "0.01", core: [/address]}, {match: "GET /v1/places/*", usd: "0"}]
    allowedEndpoints: ["POST /v1/lookup"]
`

export function policyWith(...replacements: readonly (readonly [string, string])[]): Policy {
  const result = parsePolicies(edited(replacements), 'policy.yaml')
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  const [policy] = result.policies
  if (policy === undefined) throw new Error('no policy')
  return policy
}

export function edited(replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the example has no ${from}`)
    return text.replace(from, to)
  }, EXAMPLE)
}
