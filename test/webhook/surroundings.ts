import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Policy } from '../../policy/policy.ts'
import { parsePolicies } from '../../policy/policy-file.ts'
import {
  DEFAULT_RESOURCES,
  type JsonObject,
  type Plan,
  type PlanSettings,
  plan,
  planCronJob,
} from '../../webhook/plan.ts'

export const SETTINGS: PlanSettings = {
  image: 'jobcap:test',
  imagePullPolicy: null,
  ledgerUrl: 'https://jobcap-ledger.jobcap.svc:8443',
  ledgerCaPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  resources: DEFAULT_RESOURCES,
}

export const POLICIES: readonly Policy[] = readPolicies()

export interface Manifest {
  readonly object: JsonObject
  readonly namespaceLabels: Record<string, string>
}

/** A Job or CronJob, after its Namespace where that matters; else the namespace is labelled for injection. */
export function readJob(text: string): Manifest {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as JsonObject)
  const namespace = documents.find(({ kind }) => kind === 'Namespace') as NamespaceDocument | undefined
  const object = documents.find(({ kind }) => kind !== 'Namespace')
  if (object === undefined) throw new Error('the golden has no Job')
  return { object, namespaceLabels: namespace?.metadata.labels ?? { 'jobcap.dev/inject': 'enabled' } }
}

interface NamespaceDocument {
  readonly metadata: { readonly labels: Record<string, string> }
}

export function planOf({ object, namespaceLabels }: Manifest): Plan {
  const surroundings = { namespaceLabels, policies: POLICIES, settings: SETTINGS }
  if (object['kind'] === 'CronJob') return planCronJob({ ...surroundings, cronJob: object })
  return plan({ ...surroundings, job: object })
}

function readPolicies(): readonly Policy[] {
  const result = parsePolicies(readFileSync(join(import.meta.dirname, 'policies.yaml'), 'utf8'), 'policies.yaml')
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policies
}
