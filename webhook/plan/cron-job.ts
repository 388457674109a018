import { CONTINUES_ANNOTATION } from '../../contract/labels.ts'
import { type JsonObject, numberAt, objectAt, objectsAt, textAt } from './json.ts'
import { type Warning, warn } from './outcome.ts'
import { podOf, specOf } from './pod.ts'

/** The controller appends the minute of the start: 8 digits. */
const START_SUFFIX = '-00000000'
const SHORTEST_STARTING_DEADLINE_S = 10
const OUR_PREFIX = CONTINUES_ANNOTATION.slice(0, CONTINUES_ANNOTATION.indexOf('/') + 1)

/** The Job that the controller would make of it, under a name of the length that it would have. */
export function jobOfCronJob(cronJob: JsonObject): JsonObject {
  const metadata = objectAt(cronJob, 'metadata')
  const name = textAt(metadata, 'name') ?? ''
  const template = objectAt(cronJob, 'spec', 'jobTemplate')
  return structuredClone({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...objectAt(template, 'metadata'),
      name: `${name}${START_SUFFIX}`,
      ...(metadata['namespace'] === undefined ? {} : { namespace: metadata['namespace'] }),
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, controller: true }],
    },
    spec: objectAt(template, 'spec'),
  })
}

/** What is doubtful about a CronJob that spends money, beside its template. */
export function hygieneWarnings(cronJob: JsonObject): Warning[] {
  const warnings: Warning[] = []
  const job = jobOfCronJob(cronJob)
  warnOfSchedule(objectAt(cronJob, 'spec'), warnings)
  warnOfRetries(specOf(job), warnings)
  warnOfContainers(podOf(job), warnings)
  for (const name of Object.keys(objectAt(cronJob, 'metadata', 'annotations')).filter((key) =>
    key.startsWith(OUR_PREFIX),
  )) {
    warn(
      warnings,
      'annotation_misplaced',
      `${name} on the CronJob has no effect; put it into spec.jobTemplate.metadata.annotations.`,
    )
  }
  return warnings
}

function warnOfSchedule(spec: JsonObject, warnings: Warning[]): void {
  if ((textAt(spec, 'concurrencyPolicy') ?? 'Allow') === 'Allow') {
    warn(
      warnings,
      'concurrency_allowed',
      'concurrencyPolicy is Allow: two starts may run at once, each a run of its own with a cap of its own; set Forbid.',
    )
  }
  const deadlineS = numberAt(spec, 'startingDeadlineSeconds')
  if (deadlineS === undefined) {
    warn(
      warnings,
      'no_starting_deadline',
      'startingDeadlineSeconds is not set: after 100 missed starts the CronJob never starts again; set for example 3600.',
    )
  } else if (deadlineS < SHORTEST_STARTING_DEADLINE_S) {
    warn(
      warnings,
      'starting_deadline_short',
      `startingDeadlineSeconds is ${deadlineS}: below ${SHORTEST_STARTING_DEADLINE_S} a start may be missed for good, because the controller looks every 10 s.`,
    )
  }
  for (const field of ['failedJobsHistoryLimit', 'successfulJobsHistoryLimit']) {
    if (numberAt(spec, field) !== 0) continue
    warn(
      warnings,
      'history_not_kept',
      `${field} is 0: an ended Job is deleted at once, with the reason why it ended; set 1 or more.`,
    )
  }
  if (textAt(spec, 'timeZone') === undefined) {
    warn(
      warnings,
      'time_zone_missing',
      "timeZone is not set: the schedule follows the controller's clock, while the day of a cap is UTC; set for example Etc/UTC.",
    )
  }
}

function warnOfRetries(spec: JsonObject, warnings: Warning[]): void {
  const backoffLimit = numberAt(spec, 'backoffLimit')
  const parallelism = numberAt(spec, 'parallelism') ?? 1
  if (backoffLimit === 0) {
    warn(
      warnings,
      'backoff_limit_zero',
      'backoffLimit is 0: one lost Pod ends the Job; set 1 or more, retries do not charge twice.',
    )
  } else if ((backoffLimit ?? 6) < parallelism && numberAt(spec, 'backoffLimitPerIndex') === undefined) {
    warn(
      warnings,
      'backoff_limit_low',
      `backoffLimit is ${backoffLimit ?? 6} over all indexes and ${parallelism} Pods run at once: one lost node may end the Job; raise it, or set backoffLimitPerIndex.`,
    )
  }
  if (numberAt(spec, 'activeDeadlineSeconds') === undefined) {
    warn(
      warnings,
      'no_deadline',
      'activeDeadlineSeconds is not set: an app that hangs after a spent cap would hang for ever.',
    )
  }
}

function warnOfContainers(pod: JsonObject, warnings: Warning[]): void {
  for (const container of objectsAt(pod, 'containers')) {
    const name = textAt(container, 'name') ?? ''
    if (objectAt(container, 'resources', 'limits')['memory'] === undefined) {
      warn(
        warnings,
        'limits_missing',
        `Container ${name} has no memory limit: if it fills the node, Pods of the run are killed with it.`,
      )
    }
    const isReadOnly = objectAt(container, 'securityContext')['readOnlyRootFilesystem'] === true
    const hasTmp = objectsAt(container, 'volumeMounts').some(
      (mount) => textAt(mount, 'mountPath')?.replace(/\/$/, '') === '/tmp' && mount['readOnly'] !== true,
    )
    if (isReadOnly && !hasTmp) {
      warn(
        warnings,
        'tmp_not_writable',
        `Container ${name} has a read-only root and nothing writable at /tmp; mount an emptyDir there if the app needs it.`,
      )
    }
  }
}
