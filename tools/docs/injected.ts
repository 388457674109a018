// docs/reference/injected.md: what admission makes of one Job, and why.
import { stringify } from 'yaml'
import type { JsonObject, Plan } from '../../webhook/plan.ts'
import { tableCell } from './table.ts'

export const INJECTED_POLICY = `apiVersion: jobcap.dev/v1alpha1
kind: CapPolicy
metadata: {name: default}
spec:
  caps:
    perRunUsd: {default: "50.00", max: "500.00"}
  vendors:
    - name: stripe
      type: stripe
      secretRef: {name: stripe, key: api-key}
      allowedEndpoints: ["POST /v1/payment_intents"]
`

export const INJECTED_JOB = `apiVersion: batch/v1
kind: Job
metadata:
  name: nightly
  namespace: billing
  annotations:
    jobcap.dev/cap-usd: "400.00"
spec:
  completions: 400
  parallelism: 20
  backoffLimit: 6
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - name: app
          image: billing:1
          command: [node, charge.js]
          env:
            - name: STRIPE_API_KEY
              valueFrom: {secretKeyRef: {name: stripe, key: api-key}}
`

const INTRO = `# What is injected

<!-- Generated from webhook/plan.ts by \`make fix\`. -->

One Job as a team applies it, and as the API server keeps it
(\`&a1\` and \`*a1\`: written once). How the decision goes: [admission](../journeys/admission.md).
\`jobcap explain -f job.yaml --policy policy.yaml\` says the same of a Job of yours.
`

/** What is the same in both containers is written once, as YAML writes it. */
function short(job: JsonObject): JsonObject {
  const seen = new Map<string, unknown>()
  return JSON.parse(JSON.stringify(job), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    const text = JSON.stringify(value)
    if (!seen.has(text)) seen.set(text, value)
    return seen.get(text)
  }) as JsonObject
}

type Injected = Extract<Plan, { kind: 'inject' }>

export function injectedPage({ job, changes, warnings }: Injected): string {
  const after = stringify(short(job), { lineWidth: 0 })
  const row = (code: string, where: string, sentence: string) =>
    `| [\`${code}\`](admission-reasons.md#${code}) | ${where} | ${tableCell(sentence)} |\n`
  const rows = [
    ...changes.map(({ code, path, sentence }) => row(code, `\`${path}\``, sentence)),
    ...warnings.map(({ code, sentence }) => row(code, 'a warning', sentence)),
  ]
  return (
    `${INTRO}\n## As it is applied\n\n\`\`\`yaml\n${INJECTED_JOB}\`\`\`\n` +
    `\n## What is changed, and why\n\n| code | where | what |\n|---|---|---|\n${rows.join('')}` +
    `\n## As it is kept\n\n\`\`\`yaml\n${after}\`\`\`\n`
  )
}
