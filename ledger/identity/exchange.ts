import type { ExchangeAnswer, ExchangeRequest } from '../../contract/exchange.ts'
import { POLICY_LABEL, TERMS_ANNOTATION } from '../../contract/labels.ts'
import { type Refusal, refusal } from '../../contract/refusals.ts'
import { parseTermsAsked } from '../../contract/workload.schema.ts'
import type { TermsAsked, WorkloadFacts } from '../../contract/workload.ts'
import type { Policy } from '../../policy/policy.ts'
import { policyFor, policyNameFor } from '../../policy/selection.ts'
import { judgeTerms, type RunTerms } from '../../policy/terms.ts'
import { sidecarTerms } from '../../policy/vendor-terms.ts'
import type { AdmitPodAnswer, AdmitPodRequest } from '../../store/store.ts'
import type { Ledger } from '../ledger.ts'
import { bearerOf } from './bearer.ts'
import { POD_CREDENTIAL_LIFE_MS } from './pod-credential.ts'
import { newVaultKey } from './vault-key.ts'

/** First key: a Pod's token for a Pod credential. The first Pod of a run opens it; all others find it. */
export async function exchangeToken(
  ledger: Ledger,
  authorization: string | undefined,
  request: ExchangeRequest,
): Promise<ExchangeAnswer | Refusal> {
  const podToken = bearerOf(authorization)
  if (podToken === undefined) return refusal('credential_missing', 'The Pod token is the bearer of this request.')
  const facts = await ledger.workloads.identify(podToken)
  if ('code' in facts) return facts
  if (facts.pod.isEnding) return refusal('pod_ending')
  if (facts.job.isEnded) return refusal('key_ended', 'The Job has ended.')

  const asked = termsAsked(facts)
  if ('code' in asked) return asked
  const jobLabels = { ...facts.job.labels, [POLICY_LABEL]: asked.policy }
  const policy = policyFor({ jobLabels, namespaceLabels: facts.namespaceLabels }, ledger.policies.all())
  if ('code' in policy) return policy
  const terms = judgeTerms(asked, policy)
  if ('code' in terms) return terms

  const admitted = await admit(ledger, admitRequest(ledger, { request, facts, asked, policy, terms }))
  if (admitted.status === 'REFUSED') return admitted.refusal
  const { run, key, life } = admitted
  const podUid = facts.pod.uid
  const { index } = facts.pod
  const expiresAtMs = Math.min(ledger.clock.nowMs() + POD_CREDENTIAL_LIFE_MS, key.expiresAtMs ?? Infinity)
  const credential = ledger.credentials.sign({
    keyId: key.keyId,
    runUid: run.runUid,
    jobUid: facts.job.uid,
    podUid,
    podName: facts.pod.name,
    namespace: facts.namespace,
    index,
    life,
    policyName: run.policyName,
    expiresAtMs,
  })
  const { historyId } = ledger.store
  return {
    credential,
    expiresAtMs,
    keyId: key.keyId,
    runUid: run.runUid,
    podUid,
    index,
    life,
    historyId,
    sidecar: run.sidecar,
  }
}

/** Whoever makes a Job anew at once comes before the controller has told of the earlier one's end: then it is looked at. */
async function admit(ledger: Ledger, request: AdmitPodRequest): Promise<AdmitPodAnswer> {
  const answer = await ledger.store.admitPod(request)
  if (answer.status !== 'REFUSED' || answer.refusal.code !== 'continue_running') return answer
  return (await endEarlierJobs(ledger, request)) ? ledger.store.admitPod(request) : answer
}

async function endEarlierJobs(
  { store, workloads }: Ledger,
  { namespace, keyedRunUid, continues }: AdmitPodRequest,
): Promise<boolean> {
  const run = await store.findRunOfJob(namespace, keyedRunUid ?? continues ?? '')
  const living = run?.jobs.filter(({ isEnded }) => !isEnded) ?? []
  if (run === undefined || run.namespace !== namespace) return false
  const haveEnded = await Promise.all(living.map(({ name, uid }) => workloads.hasJobEnded({ namespace, name, uid })))
  if (!haveEnded.every(Boolean)) return false
  for (const { uid } of living) await store.endJob(run.runUid, uid)
  return true
}

/** As admission copied them into the immutable template. A Pod without them asks for nothing of its own. */
function termsAsked({ job, namespaceLabels, pod }: WorkloadFacts): TermsAsked | Refusal {
  const text = pod.templateAnnotations[TERMS_ANNOTATION]
  if (text === undefined) return { policy: policyNameFor({ jobLabels: job.labels, namespaceLabels }) }
  return (
    parseTermsAsked(parseJson(text)) ??
    refusal('request_malformed', `The annotation ${TERMS_ANNOTATION} cannot be read.`)
  )
}

function admitRequest(
  ledger: Ledger,
  asking: {
    readonly request: ExchangeRequest
    readonly facts: WorkloadFacts
    readonly asked: TermsAsked
    readonly policy: Policy
    readonly terms: RunTerms
  },
): AdmitPodRequest {
  const { request, facts, asked, policy, terms } = asking
  const { name, uid, completionMode, completions } = facts.job
  // The key itself is given to nobody: the Pods of a run act with credentials under it.
  const { keyId, hash } = newVaultKey(ledger.random)
  return {
    purpose: request.purpose,
    walk: request.walk ?? null,
    life: request.life ?? null,
    namespace: facts.namespace,
    policyName: policy.name,
    job: { name, uid, completionMode, completions },
    pod: { name: facts.pod.name, uid: facts.pod.uid, index: facts.pod.index },
    continues: asked.runKey === undefined ? (asked.continues ?? null) : null,
    keyedRunUid: asked.runKey === undefined ? null : ledger.keyedRuns(facts.namespace, asked.runKey),
    terms: {
      capUsdMicros: terms.capUsdMicros,
      dailyCapUsdMicros: null,
      allowedEndpoints: terms.allowedEndpoints,
      needsNamedKeys: terms.keepsRestarts,
    },
    sidecar: sidecarTerms(policy),
    newKey: { keyId, hash, expiresAtMs: ledger.clock.nowMs() + terms.expiresInMs },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
