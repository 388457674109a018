import {
  ALLOWED_ENDPOINTS_ANNOTATION,
  CAP_USD_ANNOTATION,
  CONTINUES_ANNOTATION,
  OPT_OUT_ANNOTATION,
  RESTART_POLICY_ANNOTATION,
  RUN_KEY_ANNOTATION,
  SKIPPED_ANNOTATION,
} from '../../contract/labels.ts'
import { quoted } from '../../contract/quoted.ts'
import type { TermsAsked } from '../../contract/workload.ts'
import { foundText } from '../../policy/found.ts'
import { nearestName } from '../../policy/nearest.ts'
import { type JsonObject, objectAt, objectsAt, textAt, textsAt } from './json.ts'
import { type Objection, refuse, type Warning, warn } from './outcome.ts'
import { appContainers, isNativeSidecar, podOf } from './pod.ts'

const PREFIX = 'jobcap.dev/'
/** What a Job may carry, each with a value as an example. */
const EXAMPLES: Readonly<Record<string, string>> = {
  [ALLOWED_ENDPOINTS_ANNOTATION]: 'POST /v1/charges, GET /v1/*',
  [CAP_USD_ANNOTATION]: '5.00',
  [CONTINUES_ANNOTATION]: 'billing-29386741',
  [OPT_OUT_ANNOTATION]: 'true',
  [RESTART_POLICY_ANNOTATION]: 'keep',
  [RUN_KEY_ANNOTATION]: 'billing/2026-11-26',
}
const KNOWN: readonly string[] = Object.keys(EXAMPLES)
/** A DNS subdomain, as names of Jobs are; a UID is one too. */
const NAME_OR_UID = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** Printable, without spaces: what orchestrators name a run by, such as `billing/scheduled__2026-11-26T00:00:00+00:00`. */
const RUN_KEY = /^[!-~]{1,253}$/

/** What the annotations of a Job ask for. */
export interface Asks {
  readonly terms: Omit<TermsAsked, 'policy'>
  readonly wantsOut: boolean
}

export function readAsks(job: JsonObject): Asks | Objection {
  const given = objectAt(job, 'metadata', 'annotations')
  const odd = KNOWN.find((name) => given[name] !== undefined && typeof given[name] !== 'string')
  if (odd !== undefined) {
    return refuse(
      'annotation_invalid',
      `${odd} must be text, found ${foundText(given[odd])}: put the value in quotes, for example ${odd}: "${EXAMPLES[odd]}".`,
    )
  }

  const annotations = textsAt(objectAt(job, 'metadata'), 'annotations')
  const optOut = annotations[OPT_OUT_ANNOTATION]
  if (optOut !== undefined && optOut !== 'true' && optOut !== 'false') {
    return refuse('annotation_invalid', `${OPT_OUT_ANNOTATION} is ${quoted(optOut)}; it may be "true" or "false".`)
  }
  const restart = annotations[RESTART_POLICY_ANNOTATION]
  if (restart !== undefined && restart !== 'keep') {
    return refuse('annotation_invalid', `${RESTART_POLICY_ANNOTATION} is ${quoted(restart)}; it may only be "keep".`)
  }
  const joins = readJoining(job, annotations)
  if ('kind' in joins) return joins
  const endpoints = annotations[ALLOWED_ENDPOINTS_ANNOTATION]?.split(',').map((entry) => entry.trim())
  const cap = annotations[CAP_USD_ANNOTATION]
  return {
    terms: {
      ...(cap === undefined ? {} : { capUsd: cap }),
      ...(endpoints === undefined ? {} : { allowedEndpoints: endpoints }),
      ...joins,
      ...(keepsRestarts(job, restart) ? { keepsRestarts: true } : {}),
    },
    wantsOut: optOut === 'true',
  }
}

/** Which earlier run the Job joins. */
function readJoining(
  job: JsonObject,
  annotations: Readonly<Record<string, string>>,
): Pick<TermsAsked, 'continues' | 'runKey'> | Objection {
  const { [CONTINUES_ANNOTATION]: continues, [RUN_KEY_ANNOTATION]: runKey } = annotations
  if (continues !== undefined && !NAME_OR_UID.test(continues)) {
    return refuse(
      'annotation_invalid',
      `${CONTINUES_ANNOTATION} is ${quoted(continues)}, which is no name or UID of a Job.`,
    )
  }
  if (runKey !== undefined && !RUN_KEY.test(runKey)) {
    return refuse(
      'annotation_invalid',
      `${RUN_KEY_ANNOTATION} is ${quoted(runKey)}; it may be 1 to 253 characters of ASCII without spaces.`,
    )
  }
  if (continues !== undefined && runKey !== undefined) {
    return refuse(
      'annotation_invalid',
      `${CONTINUES_ANNOTATION} and ${RUN_KEY_ANNOTATION} both say which run this Job joins; leave one of them away.`,
    )
  }
  if (continues !== undefined && isMadeByCronJob(job)) {
    return refuse(
      'continues_in_cronjob',
      `${CONTINUES_ANNOTATION} stands in the template of a CronJob, so every start would continue the same run; take it out of the template.`,
    )
  }
  if (runKey !== undefined && isMadeByCronJob(job)) {
    return refuse(
      'run_key_in_cronjob',
      `${RUN_KEY_ANNOTATION} stands in the template of a CronJob, so every start after the first would only replay it; take it out of the template.`,
    )
  }
  return { ...(continues === undefined ? {} : { continues }), ...(runKey === undefined ? {} : { runKey }) }
}

/** Annotations that look like ours and do nothing. */
export function warnOfStrayAnnotations(job: JsonObject, warnings: Warning[]): void {
  for (const name of Object.keys(objectAt(job, 'metadata', 'annotations'))) {
    if (name.startsWith(PREFIX) && !KNOWN.includes(name) && name !== SKIPPED_ANNOTATION) {
      const meant = nearestName(name, KNOWN)
      const hint = meant === undefined ? `known are ${KNOWN.join(', ')}` : `${meant} is`
      warn(warnings, 'annotation_unknown', `${name} is not known and has no effect; ${hint}.`)
    }
  }
  for (const name of Object.keys(objectAt(job, 'spec', 'template', 'metadata', 'annotations'))) {
    if (KNOWN.includes(name)) {
      warn(warnings, 'annotation_misplaced', `${name} on the Pod template has no effect; put it on the Job itself.`)
    }
  }
}

function keepsRestarts(job: JsonObject, restart: string | undefined): boolean {
  const restarts = textAt(podOf(job), 'restartPolicy') === 'OnFailure' || appContainers(job).some(isNativeSidecar)
  return restart === 'keep' && restarts
}

function isMadeByCronJob(job: JsonObject): boolean {
  return objectsAt(objectAt(job, 'metadata'), 'ownerReferences').some((owner) => textAt(owner, 'kind') === 'CronJob')
}
