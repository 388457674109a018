// docs/reference/injected.md: one Job before and after admission, by the plan itself.
import { parse } from 'yaml'
import { parsePolicies } from '../../policy/policy-file.ts'
import { DEFAULT_RESOURCES, type JsonObject, plan } from '../../webhook/plan.ts'
import { INJECTED_JOB, INJECTED_POLICY, injectedPage } from '../docs/injected.ts'
import type { GeneratedFile } from './main.ts'

export default function generateInjected(): readonly GeneratedFile[] {
  const read = parsePolicies(INJECTED_POLICY, 'policy.yaml')
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const planned = plan({
    job: parse(INJECTED_JOB) as JsonObject,
    namespaceLabels: { 'jobcap.dev/inject': 'enabled' },
    policies: read.policies,
    settings: {
      image: 'ghcr.io/example/jobcap@sha256:…',
      imagePullPolicy: null,
      ledgerUrl: 'https://jobcap-ledger.jobcap.svc:8443',
      ledgerCaPem: 'the certificate of the own authority, PEM',
      resources: DEFAULT_RESOURCES,
    },
  })
  if (planned.kind !== 'inject') throw new Error(`the example is not injected: ${JSON.stringify(planned)}`)
  return [{ path: 'docs/reference/injected.md', text: injectedPage(planned) }]
}
