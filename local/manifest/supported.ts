import type { Field, Shape } from './shape.ts'

/**
 * Which fields a Job may carry to run locally. What is here runs; what is `noted` is accepted and named as having no
 * effect; anything else is refused with its path.
 */
const text: Field = { is: 'text' }
const requiredText: Field = { is: 'text', required: true }
const number: Field = { is: 'number' }
const flag: Field = { is: 'flag' }
const map: Field = { is: 'map' }
const any: Field = { is: 'any' }
const texts: Field = { is: 'list', of: { is: 'text' } }
const object = (fields: Readonly<Record<string, Field>>): Field => ({ is: 'object', fields })
const list = (fields: Readonly<Record<string, Field>>): Field => ({ is: 'list', of: { is: 'object', fields } })
const required = (field: Field): Field => ({ ...field, required: true })
const oneOf = (...values: string[]): Field => ({ is: 'text', oneOf: values })
const noted = (because: string): Field => ({ is: 'noted', because })

const NOT_ENFORCED = noted('is not enforced locally')
const NO_NODES = noted('has no effect locally: there is one node')
const NO_IMAGES = noted('has no effect locally: no image is pulled, commands come from this machine')
const NO_PROBES = noted('is not run locally')

const METADATA: Field = object({
  name: text,
  generateName: text,
  namespace: text,
  labels: map,
  annotations: map,
  creationTimestamp: any,
  uid: any,
  resourceVersion: any,
  generation: any,
  managedFields: any,
  ownerReferences: any,
  finalizers: any,
  selfLink: any,
})

const KEY_TO_PATH = list({ key: requiredText, path: requiredText, mode: number })
const KEY_REFERENCE = object({ name: requiredText, key: requiredText, optional: flag })
const DATA_PROJECTION = { name: requiredText, items: KEY_TO_PATH, optional: flag }

const VOLUMES = list({
  name: requiredText,
  emptyDir: object({ medium: oneOf('', 'Memory'), sizeLimit: NOT_ENFORCED }),
  configMap: object({ ...DATA_PROJECTION, defaultMode: number }),
  secret: object({ secretName: requiredText, items: KEY_TO_PATH, optional: flag, defaultMode: number }),
  projected: object({
    defaultMode: number,
    sources: list({
      serviceAccountToken: object({ path: requiredText, audience: text, expirationSeconds: number }),
      configMap: object(DATA_PROJECTION),
      secret: object(DATA_PROJECTION),
    }),
  }),
})

const CONTAINER = {
  name: requiredText,
  image: text,
  command: texts,
  args: texts,
  workingDir: text,
  env: list({
    name: requiredText,
    value: text,
    valueFrom: object({
      configMapKeyRef: KEY_REFERENCE,
      secretKeyRef: KEY_REFERENCE,
      fieldRef: object({ fieldPath: requiredText, apiVersion: any }),
    }),
  }),
  envFrom: list({
    prefix: text,
    configMapRef: object({ name: requiredText, optional: flag }),
    secretRef: object({ name: requiredText, optional: flag }),
  }),
  volumeMounts: list({ name: requiredText, mountPath: requiredText, subPath: text, readOnly: flag }),
  terminationMessagePath: text,
  terminationMessagePolicy: oneOf('File', 'FallbackToLogsOnError'),
  lifecycle: object({ postStart: object({ exec: required(object({ command: required(texts) })) }) }),
  securityContext: object({
    readOnlyRootFilesystem: flag,
    runAsUser: noted('is ignored locally: containers run as the person who started them'),
    runAsGroup: noted('is ignored locally: containers run as the person who started them'),
    runAsNonRoot: noted('is ignored locally: containers run as the person who started them'),
    allowPrivilegeEscalation: NOT_ENFORCED,
    privileged: NOT_ENFORCED,
    capabilities: NOT_ENFORCED,
    seccompProfile: NOT_ENFORCED,
  }),
  imagePullPolicy: NO_IMAGES,
  ports: any,
  resources: NOT_ENFORCED,
  livenessProbe: NO_PROBES,
  readinessProbe: NO_PROBES,
  startupProbe: NO_PROBES,
} satisfies Record<string, Field>

const POD_SPEC = object({
  restartPolicy: required(oneOf('Never', 'OnFailure')),
  initContainers: list({ ...CONTAINER, restartPolicy: oneOf('Always') }),
  containers: required(list(CONTAINER)),
  volumes: VOLUMES,
  hostAliases: list({ ip: requiredText, hostnames: texts }),
  terminationGracePeriodSeconds: number,
  serviceAccountName: text,
  serviceAccount: any,
  automountServiceAccountToken: any,
  enableServiceLinks: any,
  activeDeadlineSeconds: noted("is not enforced locally; use the Job's own activeDeadlineSeconds"),
  dnsPolicy: noted('has no effect locally: there is no cluster DNS'),
  dnsConfig: noted('has no effect locally: there is no cluster DNS'),
  securityContext: noted('is ignored locally: containers run as the person who started them'),
  imagePullSecrets: NO_IMAGES,
  schedulerName: NO_NODES,
  nodeSelector: NO_NODES,
  nodeName: NO_NODES,
  affinity: NO_NODES,
  tolerations: NO_NODES,
  topologySpreadConstraints: NO_NODES,
  priorityClassName: NO_NODES,
  priority: NO_NODES,
  preemptionPolicy: NO_NODES,
})

const JOB_SPEC = object({
  completions: number,
  parallelism: number,
  completionMode: oneOf('Indexed', 'NonIndexed'),
  backoffLimit: number,
  backoffLimitPerIndex: number,
  maxFailedIndexes: number,
  activeDeadlineSeconds: number,
  podFailurePolicy: object({
    rules: required(
      list({
        action: required(oneOf('FailJob', 'FailIndex', 'Ignore', 'Count')),
        onExitCodes: object({
          containerName: text,
          operator: required(oneOf('In', 'NotIn')),
          values: required({ is: 'list', of: { is: 'number' } }),
        }),
        onPodConditions: noted('never matches locally: no Pod is evicted or preempted here'),
      }),
    ),
  }),
  podReplacementPolicy: oneOf('Failed', 'TerminatingOrFailed'),
  suspend: { is: 'flag', oneOf: [false] },
  manualSelector: { is: 'flag', oneOf: [false] },
  ttlSecondsAfterFinished: noted('has no effect locally: the Job is gone when the command ends'),
  template: required(object({ metadata: METADATA, spec: required(POD_SPEC) })),
})

const ANY_KIND = { apiVersion: any, kind: any, metadata: required(METADATA), status: any }

export const JOB_SHAPE: Shape = object({ ...ANY_KIND, spec: required(JOB_SPEC) })

/** When a CronJob would run is nobody's business here: its template runs once, now. */
export const CRON_JOB_SHAPE: Shape = object({
  ...ANY_KIND,
  spec: required(
    object({
      schedule: any,
      timeZone: any,
      concurrencyPolicy: any,
      startingDeadlineSeconds: any,
      suspend: any,
      successfulJobsHistoryLimit: any,
      failedJobsHistoryLimit: any,
      jobTemplate: required(object({ metadata: METADATA, spec: required(JOB_SPEC) })),
    }),
  ),
})
