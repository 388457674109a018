import { EXIT_RUN_REFUSED } from '../../contract/exit-codes.ts'
import { ISSUER_CONTAINER, PROXY_CONTAINER } from '../../contract/labels.ts'
import { contains, copyOf, ensureObject, type JsonObject, objectAt, objectsAt, textAt } from './json.ts'
import { type Draft, type Objection, refuse, warn } from './outcome.ts'
import { appContainers, POD_PATH, podOf, specOf } from './pod.ts'

/** Limit of the API server. */
const MAX_FAILURE_RULES = 20
const RULES_PATH = 'spec.podFailurePolicy.rules'

const OUR_RULES: readonly JsonObject[] = [PROXY_CONTAINER, ISSUER_CONTAINER].map((containerName) => ({
  action: 'FailJob',
  onExitCodes: { containerName, operator: 'In', values: [EXIT_RUN_REFUSED] },
}))

const POLICY_KEPT =
  'restartPolicy stays OnFailure: each paid call needs an Idempotency-Key that names the intention, and a spent cap does not end the Job at once (podFailurePolicy needs Never).'
const SIDECAR_KEPT =
  'A native sidecar is restarted in place, as asked for: each paid call of the Job needs an Idempotency-Key that names the intention.'

/** `OnFailure` becomes `Never`, unless the Job keeps it and takes what that means. */
export function restartNever(draft: Draft, keepsRestarts: boolean): void {
  const pod = podOf(draft.job)
  const isOnFailure = textAt(pod, 'restartPolicy') === 'OnFailure'
  if (keepsRestarts) warn(draft.warnings, 'restarts_kept', isOnFailure ? POLICY_KEPT : SIDECAR_KEPT)
  if (keepsRestarts || !isOnFailure) return
  pod['restartPolicy'] = 'Never'
  draft.changes.push({
    code: 'restart_policy_never',
    path: `${POD_PATH}.restartPolicy`,
    sentence: 'OnFailure became Never: a container restarted in place would look like a new intention.',
  })
  const volumes = objectsAt(pod, 'volumes').filter((volume) => Object.hasOwn(volume, 'emptyDir'))
  const names = volumes.map((volume) => textAt(volume, 'name')).join(', ')
  warn(
    draft.warnings,
    'emptydir_lost',
    `restartPolicy is now Never: a failed container gets a new Pod, and what it kept in emptyDir volumes${names === '' ? '' : ` (${names})`} is lost. To keep OnFailure: annotation jobcap.dev/restart-policy: keep.`,
  )
}

/** A refusal that holds for the whole run ends the Job at once. Null: done, or not possible with `OnFailure`. */
export function failAtOnce(draft: Draft): Objection | null {
  if (textAt(podOf(draft.job), 'restartPolicy') === 'OnFailure') return null
  const spec = specOf(draft.job)
  const theirs = objectsAt(objectAt(spec, 'podFailurePolicy'), 'rules').filter(
    (rule) => !OUR_RULES.some((our) => contains(rule, our)),
  )
  const spelledOut = theirs.flatMap((rule) => spellOut(rule, draft.job))
  const rules = [...copyOf(OUR_RULES), ...spelledOut]
  if (rules.length > MAX_FAILURE_RULES) {
    return refuse(
      'too_many_failure_rules',
      `${RULES_PATH} would have ${rules.length} rules, ${MAX_FAILURE_RULES} are allowed: give rules a containerName, or use fewer.`,
    )
  }
  const present = objectsAt(objectAt(spec, 'podFailurePolicy'), 'rules')
  if (contains(present, rules)) return null
  ensureObject(spec, 'podFailurePolicy')['rules'] = rules
  draft.changes.push({
    code: 'failure_rule_added',
    path: RULES_PATH,
    sentence: `Exit code ${EXIT_RUN_REFUSED} of ${PROXY_CONTAINER} or ${ISSUER_CONTAINER} (spent cap, revoked, expired) fails the Job at once.`,
  })
  if (spelledOut.length > theirs.length) {
    draft.changes.push({
      code: 'failure_rule_spelled_out',
      path: RULES_PATH,
      sentence:
        'Rules without a containerName are written out for each container of the app, so that they do not judge ours.',
    })
  }
  return null
}

/** A rule on exit codes that names no container is copied once for each container of the app, in place. */
function spellOut(rule: JsonObject, job: JsonObject): JsonObject[] {
  const onExitCodes = rule['onExitCodes']
  if (onExitCodes === undefined || onExitCodes === null) return [rule]
  const codes = objectAt(rule, 'onExitCodes')
  if (textAt(codes, 'containerName') !== undefined) return [rule]
  return appContainers(job).map(({ name }) => ({ ...rule, onExitCodes: { ...codes, containerName: name } }))
}
