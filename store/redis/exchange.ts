import type { JobUid, RunUid } from '../../contract/ids.ts'
import { type Refusal, type RefusalCode, refusal } from '../../contract/refusals.ts'
import { continueUnknown, differs, type FieldValue, lives, restoredRun } from '../rules/admit-pod.ts'
import { scopeOfPod } from '../rules/caller.ts'
import { ENDED_JOB_KEPT_MS } from '../rules/run-end.ts'
import { type AdmitPodAnswer, type AdmitPodRequest, StoreFault } from '../store.ts'
import { statusOf } from './answers.ts'
import type { Reply } from './connection.ts'
import { jobKey, runTagOf, shortScope } from './layout.ts'
import type { Place, Places } from './places.ts'
import { fixedOfKey, keyRowOf, rowValues, runRowOf } from './rows.ts'
import { ADMIT_POD, END_JOB } from './scripts/runs.ts'
import type { Steps } from './steps.ts'

/** A run that was opened is found by its Jobs; the claim only has to outlast exchanges that go on at once. */
const CLAIM_MS = 24 * 60 * 60 * 1_000
/** Instead of a policy: the Job ended before any exchange, so none opens a run. */
const ENDED = ''

/** An exchange is asked in the slot of the run that it means: its own, or the one that its Job joins. */
export async function admitPodOn(steps: Steps, places: Places, request: AdmitPodRequest): Promise<AdmitPodAnswer> {
  const { job, policyName, continues, keyedRunUid } = request
  await places.prepare(policyName)
  const known = await places.named(`j:${job.uid}`)
  const earlier = known === undefined && continues !== null ? await findEarlier(places, request, continues) : undefined
  if (known === undefined && continues !== null && earlier === undefined)
    return refused((await hasEnded(steps, job.uid)) ? refusal('key_ended') : continueUnknown(request, continues))
  const keyed = known === undefined && keyedRunUid !== null ? await placeOfKeyed(steps, places, request) : undefined
  if (keyed !== undefined && keyed.policyName !== policyName)
    return refused(differs('policy', keyed.policyName, policyName))
  let place = known ?? earlier ?? keyed ?? { policyName, runTag: runTagOf(job.uid) }
  const claimed = await claim(steps, job.uid, { policyName: place.policyName, forMs: CLAIM_MS })
  if (claimed === ENDED) return refused(refusal('key_ended'))
  if (claimed !== place.policyName) return refused(differs('policy', claimed, policyName))
  for (let tries = 0; tries < 3; tries += 1) {
    const reply = await steps.asked(ADMIT_POD, place, admitArguments(request, place))
    if (statusOf(reply) !== 'ELSEWHERE') {
      const answer = admitAnswer(reply, request)
      if (answer.status === 'ADMITTED')
        places.note(answer.run.runUid, { ...place, label: JSON.stringify(answer.key.label) })
      return answer
    }
    place = { ...place, runTag: reply[1]?.toString() ?? '' }
  }
  throw new StoreFault(`the run of Job ${job.uid} moves while it is looked for`)
}

async function findEarlier(
  places: Places,
  { namespace }: AdmitPodRequest,
  earlier: string,
): Promise<Place | undefined> {
  return (await places.named(`j:${earlier}`)) ?? places.newestNamed(`n:${namespace}/${earlier}`)
}

/** Two Jobs with one run key that come at once under two policies must not open two runs. */
async function placeOfKeyed(
  steps: Steps,
  places: Places,
  { keyedRunUid, policyName }: AdmitPodRequest,
): Promise<Place | undefined> {
  if (keyedRunUid === null) return undefined
  const opened = await places.ofRun(keyedRunUid)
  if (opened !== undefined) return opened
  return {
    policyName: await claim(steps, keyedRunUid, { policyName, forMs: CLAIM_MS }),
    runTag: runTagOf(keyedRunUid),
  }
}

/** The policy whose slot the Job's run is in, from now on. */
async function claim(
  { connection }: Steps,
  jobUid: string,
  { policyName, forMs }: { readonly policyName: string; readonly forMs: number },
): Promise<string> {
  const earlier = await connection.command('SET', jobKey(jobUid), policyName, 'PX', forMs, 'NX', 'GET')
  return typeof earlier === 'string' ? earlier : policyName
}

/** Told before any exchange of its Pods. */
async function hasEnded({ connection }: Steps, jobUid: string): Promise<boolean> {
  return (await connection.command('GET', jobKey(jobUid))) === ENDED
}

/**
 * Where the run is whose Job has ended now. Undefined: in none, or in another one. The end of a Job in none is remembered:
 * instead of its claim where no exchange has made one, else in the slot of the policy that was claimed.
 */
export async function endJobOn(
  steps: Steps,
  places: Places,
  { runUid, jobUid }: { readonly runUid: RunUid; readonly jobUid: JobUid },
): Promise<Place | undefined> {
  const named = await places.named(`j:${jobUid}`)
  if (named !== undefined && !isToldUnder({ runUid, jobUid }, named)) return undefined
  let place = named
  if (place === undefined) {
    const claimed = await claim(steps, jobUid, { policyName: ENDED, forMs: ENDED_JOB_KEPT_MS })
    if (claimed === ENDED) {
      await steps.connection.command('PEXPIRE', jobKey(jobUid), ENDED_JOB_KEPT_MS)
      return undefined
    }
    place = { policyName: claimed, runTag: runTagOf(jobUid) }
  }
  for (let tries = 0; tries < 3; tries += 1) {
    const { runTag }: Place = place
    const reply: Reply = await steps.asked(END_JOB, place, { runTag, jobUid, keepMs: ENDED_JOB_KEPT_MS })
    if (statusOf(reply) === 'ENDED') return place
    if (statusOf(reply) === 'UNKNOWN_JOB') return undefined
    place = { ...place, runTag: reply[1]?.toString() ?? '' }
    if (!isToldUnder({ runUid, jobUid }, place)) return undefined
  }
  throw new StoreFault(`the run of Job ${jobUid} moves while it is looked for`)
}

/** Whoever does not know the run names the Job's own UID in its place. */
function isToldUnder({ runUid, jobUid }: { runUid: RunUid; jobUid: JobUid }, { runTag }: Place): boolean {
  return runUid === (jobUid as string) || runTagOf(runUid) === runTag
}

function admitArguments(request: AdmitPodRequest, { runTag }: Place) {
  const { job, pod, newKey, terms, namespace, policyName, sidecar, purpose, continues, keyedRunUid } = request
  const runUid = keyedRunUid ?? (job.uid as string as RunUid)
  const label = `${namespace}/${job.name}`
  const podPart = { podUid: pod.uid, podName: pod.name, index: pod.index }
  return {
    runTag,
    runUid,
    isContinuing: continues !== null,
    isKeyed: keyedRunUid !== null,
    purpose,
    walk: request.walk,
    toldLife: request.life,
    jobUid: job.uid,
    jobName: job.name,
    namespace,
    policyName,
    mode: job.completionMode,
    completions: job.completions,
    podUid: pod.uid,
    podActor: JSON.stringify(podPart).slice(1, -1),
    scope: shortScope(scopeOfPod(runUid, { index: pod.index, podUid: pod.uid }), runUid),
    keyId: newKey.keyId,
    hash: newKey.hash,
    label: JSON.stringify(label),
    keyFixed: fixedOfKey({ keyId: newKey.keyId, runUid, hash: newKey.hash, vendor: null, policyName }),
    expiresMs: newKey.expiresAtMs,
    terms: JSON.stringify(terms),
    needsNamed: terms.needsNamedKeys,
    cap: terms.capUsdMicros,
    dayCap: terms.dailyCapUsdMicros,
    endpoints: JSON.stringify(terms.allowedEndpoints),
    sidecar: JSON.stringify(sidecar),
    digestVersion: sidecar.digestVersion,
  }
}

function admitAnswer(reply: Reply, request: AdmitPodRequest): AdmitPodAnswer {
  const [status = '', second = '', ...values] = reply.map(String)
  if (status === 'REFUSED') return refused(whyRefused(second, values, request))
  const row = rowValues(values)
  const run = row === undefined ? undefined : runRowOf(row)
  if (row === undefined || run === undefined)
    throw new StoreFault(`the run of Job ${request.job.uid} vanished within a step`)
  return { status: 'ADMITTED', run, key: keyRowOf(row), life: Number(second) }
}

function whyRefused(code: string, [field = '', ofRun = '']: readonly string[], request: AdmitPodRequest): Refusal {
  const { job, namespace, policyName, sidecar, continues } = request
  if (code === 'continue_unknown') return continueUnknown(request, continues ?? '')
  if (code === 'continue_running') return lives(ofRun)
  if (code === 'run_too_old' && field === 'final') return restoredRun()
  if (code !== 'continue_mismatch') return refusal(code as RefusalCode)
  const ofJob: Readonly<Record<string, FieldValue>> = {
    namespace,
    policy: policyName,
    completionMode: job.completionMode,
    completions: job.completions,
    'digest version': sidecar.digestVersion,
  }
  return differs(field, field === 'completions' && ofRun === '' ? null : ofRun, ofJob[field] ?? null)
}

const refused = (why: Refusal): AdmitPodAnswer => ({ status: 'REFUSED', refusal: why })
