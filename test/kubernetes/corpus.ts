/** Fields of Kubernetes' own that Jobs in the wild set, each on a Job of its own, and each in a CronJob. */
type Part = Readonly<Record<string, unknown>>

interface Variant {
  readonly spec?: Part
  readonly pod?: Part
  readonly container?: Part
  readonly metadata?: Part
}

const MOUNT = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
const volume = (source: Part): Variant => ({ pod: { volumes: [{ name: 'data', ...source }] }, container: MOUNT })
const indexed = (spec: Part): Variant => ({ spec: { completions: 3, completionMode: 'Indexed', ...spec } })
const exits = (values: readonly number[], more: Part = {}) => ({
  podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values, ...more } }] },
})

export const VARIANTS: Readonly<Record<string, Variant>> = {
  plain: {},
  resources: { container: { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '2Gi' } } } },
  'pod-resources': { pod: { resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '1G' } } } },
  'pod-resources-limit': { pod: { resources: { limits: { cpu: '50m', memory: '32Mi' } } } },
  'ephemeral-storage': { container: { resources: { limits: { 'ephemeral-storage': '1Gi' } } } },
  gpu: { container: { resources: { limits: { 'example.com/gpu': 1 } } } },
  'node-selector': { pod: { nodeSelector: { 'kubernetes.io/arch': 'arm64' } } },
  tolerations: { pod: { tolerations: [{ operator: 'Exists' }] } },
  spread: {
    pod: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { a: 'b' } },
        },
      ],
    },
  },
  'host-aliases': { pod: { hostAliases: [{ ip: '10.0.0.1', hostnames: ['db.local'] }] } },
  'dns-none': { pod: { dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.2'] } } },
  'host-users': { pod: { hostUsers: false } },
  'host-ipc': { pod: { hostIPC: true } },
  'host-network': { pod: { hostNetwork: true } },
  'host-pid': { pod: { hostPID: true } },
  'shared-processes': { pod: { shareProcessNamespace: true } },
  linux: { pod: { os: { name: 'linux' } } },
  windows: { pod: { os: { name: 'windows' } } },
  'runtime-class': { pod: { runtimeClassName: 'gvisor' } },
  scheduler: { pod: { schedulerName: 'volcano' } },
  'scheduling-gate': { pod: { schedulingGates: [{ name: 'example.com/quota' }] } },
  'no-links': { pod: { enableServiceLinks: false } },
  'no-grace': { pod: { terminationGracePeriodSeconds: 0 } },
  'pod-deadline': { pod: { activeDeadlineSeconds: 60 } },
  'service-account': { pod: { serviceAccountName: 'biller', automountServiceAccountToken: false } },
  'pull-secret': { pod: { imagePullSecrets: [{ name: 'registry' }] } },
  hostname: { pod: { hostname: 'biller', subdomain: 'billing' } },
  'as-user': {
    pod: { securityContext: { runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } } },
  },
  'read-only': { container: { securityContext: { readOnlyRootFilesystem: true } } },
  privileged: { container: { securityContext: { privileged: true } } },
  'config-map': volume({ configMap: { name: 'customers' } }),
  secret: volume({ secret: { secretName: 'other' } }),
  'empty-dir': volume({ emptyDir: { sizeLimit: '1Gi' } }),
  claim: volume({ persistentVolumeClaim: { claimName: 'data' } }),
  'host-path': volume({ hostPath: { path: '/var/data' } }),
  projected: volume({ projected: { sources: [{ configMap: { name: 'a' } }, { secret: { name: 'b' } }] } }),
  'downward-api': volume({ downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } }),
  csi: volume({ csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true } }),
  ephemeral: volume({
    ephemeral: {
      volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    },
  }),
  'field-env': { container: { env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] } },
  'vendor-secret': {
    container: { env: [{ name: 'STRIPE_API_KEY', valueFrom: { secretKeyRef: { name: 'stripe', key: 'api-key' } } }] },
  },
  'env-from': { container: { envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'all' } }] } },
  probes: {
    container: { livenessProbe: { exec: { command: ['true'] } }, readinessProbe: { tcpSocket: { port: 9090 } } },
  },
  hooks: { container: { lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } } } },
  'port-9090': { container: { ports: [{ containerPort: 9090 }] } },
  'port-8080': { container: { ports: [{ containerPort: 8080 }] } },
  terminal: { container: { stdin: true, tty: true } },
  message: { container: { terminationMessagePath: '/tmp/said', terminationMessagePolicy: 'FallbackToLogsOnError' } },
  init: { pod: { initContainers: [{ name: 'setup', image: 'setup:1' }] } },
  sidecar: { pod: { initContainers: [{ name: 'logs', image: 'logs:1', restartPolicy: 'Always' }] } },
  'two-containers': {
    pod: {
      containers: [
        { name: 'a', image: 'a:1' },
        { name: 'b', image: 'b:1' },
      ],
    },
  },
  'on-failure': { pod: { restartPolicy: 'OnFailure' } },
  'work-queue': { spec: { parallelism: 3 } },
  counted: { spec: { completions: 5, parallelism: 2 } },
  indexed: indexed({}),
  'per-index': indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 2 }),
  success: indexed({ successPolicy: { rules: [{ succeededIndexes: '0' }] } }),
  many: { spec: { completions: 10_000, parallelism: 100, completionMode: 'Indexed' } },
  deadline: { spec: { activeDeadlineSeconds: 600 } },
  ttl: { spec: { ttlSecondsAfterFinished: 0 } },
  'no-retries': { spec: { backoffLimit: 0 } },
  'exit-codes': { spec: exits([42]) },
  'exit-codes-named': { spec: exits([42], { containerName: 'app' }) },
  disruptions: {
    spec: { podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] } },
  },
  replaced: { spec: { podReplacementPolicy: 'Failed' } },
  suspended: { spec: { suspend: true } },
  'managed-by': { spec: { managedBy: 'example.com/multi' } },
  labelled: { metadata: { labels: { 'app.kubernetes.io/name': 'biller' }, annotations: { 'example.com/owner': 'a' } } },
  'cap-asked': { metadata: { annotations: { 'jobcap.dev/cap-usd': '20.00' } } },
  'cap-too-high': { metadata: { annotations: { 'jobcap.dev/cap-usd': '999999.00' } } },
}

export function jobOf(name: string, { spec, pod, container, metadata }: Variant): Part {
  const containers = [{ name: 'app', image: 'billing:1', ...container }]
  const template = { spec: { restartPolicy: 'Never', containers, ...pod } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, ...metadata }, spec: { template, ...spec } }
}

export function cronJobOf(name: string, variant: Variant): Part {
  const { spec } = jobOf(name, variant)
  const jobTemplate = { ...(variant.metadata === undefined ? {} : { metadata: variant.metadata }), spec }
  const metadata = { name: `${name}-nightly` }
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '0 3 * * *', jobTemplate } }
}
