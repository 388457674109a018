import type { PolicySource } from '../../ledger/effects.ts'
import type { Policy } from '../../policy/policy.ts'
import { formatPolicyProblem, parsePolicies } from '../../policy/policy-file.ts'
import type { PolicyPlan } from './plan/plan.ts'

/** Longer than any ledger stands still between reading the policy for a request and asking the store. */
const STALE_AFTER_MS = 60_000

/** The policy as a person keeps it, read by the real reader. */
export class SimPolicies implements PolicySource {
  #plan: PolicyPlan
  #policies: readonly Policy[]
  readonly #past: { readonly plan: PolicyPlan; readonly untilMs: number }[] = []
  readonly #nowMs: () => number

  constructor(plan: PolicyPlan, nowMs: () => number) {
    this.#plan = plan
    this.#policies = read(plan)
    this.#nowMs = nowMs
  }

  change(change: Partial<PolicyPlan>): void {
    this.#past.push({ plan: this.#plan, untilMs: this.#nowMs() })
    this.#plan = { ...this.#plan, ...change }
    this.#policies = read(this.#plan)
  }

  all(): readonly Policy[] {
    return this.#policies
  }

  named(name: string): Policy | undefined {
    return this.#policies.find((policy) => policy.name === name)
  }

  problem(): undefined {
    return undefined
  }

  /** For the judge, too. */
  get allowedStripeRecently(): boolean {
    return this.#recentPlans().some(({ allowsStripe }) => allowsStripe)
  }

  /** For the judge, from the plans, not from what was read of them: micro-dollars, null where there is no limit. */
  hadRecently(level: keyof ReturnType<typeof limitsOf>, usdMicros: number | null): boolean {
    return this.#recentPlans().some((plan) => limitsOf(plan)[level] === usdMicros)
  }

  #recentPlans(): PolicyPlan[] {
    const recent = this.#past.filter(({ untilMs }) => this.#nowMs() - untilMs < STALE_AFTER_MS)
    return [this.#plan, ...recent.map(({ plan }) => plan)]
  }
}

function limitsOf({ perDayUsd, perNamespaceDayUsd, stripePerDayUsd }: PolicyPlan) {
  const micros = (usd: number | null) => (usd === null ? null : Math.round(usd * 1e6))
  return {
    policy_day: micros(perDayUsd),
    policy_namespace_day: micros(perNamespaceDayUsd),
    policy_vendor_day: micros(stripePerDayUsd),
  }
}

function read(plan: PolicyPlan): readonly Policy[] {
  const result = parsePolicies(textOf(plan), 'policy.yaml')
  if ('problems' in result) throw new Error(result.problems.map(formatPolicyProblem).join('; '))
  return result.policies
}

function textOf(plan: PolicyPlan): string {
  const { perRunUsd, perDayUsd, perNamespaceDayUsd, stripePerDayUsd, divergingReplay, ambiguousRepeat, allowsStripe } =
    plan
  const cap = (name: string, usd: number | null) => (usd === null ? '' : `, ${name}: "${usd.toFixed(2)}"`)
  const vendorCap = stripePerDayUsd === null ? '' : `\n    perDayUsd: "${stripePerDayUsd.toFixed(2)}"`
  return `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  namespaceSelector: {matchLabels: {jobcap.dev/inject: enabled}}
  caps: {perRunUsd: {default: "${perRunUsd.toFixed(2)}", max: "100000.00"}${cap('perDayUsd', perDayUsd)}${cap('perNamespaceDayUsd', perNamespaceDayUsd)}}
  expiresIn: 96h
  divergingReplay: ${divergingReplay}
  ambiguousRepeat: ${ambiguousRepeat}
  vendors:
  - name: stripe
    type: stripe
    baseUrl: http://stripe.test
    secretRef: {name: stripe, key: api-key}${vendorCap}
    allowedEndpoints: [${['', '/*/capture', '/*/cancel'].map((rest) => `"${allowsStripe ? 'POST' : 'GET'} /v1/payment_intents${rest}"`).join(', ')}]
  - name: geo
    type: generic
    baseUrl: http://geo.test
    secretRef: {name: geo, key: token}
    auth: {header: X-Api-Key}
    idempotency: never
    routes: [{match: "POST /v1/lookup", usd: "0.05", core: [/address]}]
    allowedEndpoints: ["POST /v1/lookup"]
  - name: model
    type: openai
    baseUrl: http://model.test
    secretRef: {name: model, key: token}
    models: [{name: tiny, inputUsd: "0.00", outputUsd: "1000000.00", contextTokens: 1000}]
    allowedEndpoints: ["POST /v1/chat/completions"]
`
}
