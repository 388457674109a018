import { PROXY_PORT, RESTART_POLICY_ANNOTATION } from '../../contract/labels.ts'
import type { Policy } from '../../policy/policy.ts'
import { asksForSecret } from './environment.ts'
import { isObject, type JsonObject, numberAt, objectAt, objectsAt, textAt } from './json.ts'
import { type Objection, refuse } from './outcome.ts'
import {
  type AppContainer,
  appContainers,
  isInjected,
  isNativeSidecar,
  nameOf,
  OUR_CONTAINERS,
  OUR_VOLUMES,
  podOf,
  specOf,
} from './pod.ts'

const BUILT_IN_CONTROLLER = 'kubernetes.io/job-controller'

/** What of the Job's own shape cannot be made safe, the first that applies. Null: nothing. */
export function objectionTo(job: JsonObject): Objection | null {
  return objectionToForm(job) ?? objectionToController(job) ?? objectionToPod(job) ?? objectionToContainers(job)
}

function objectionToForm(job: JsonObject): Objection | null {
  const containers = podOf(job)['containers']
  if (!Array.isArray(containers) || containers.length === 0 || !containers.every(isObject)) {
    return refuse('job_malformed', 'spec.template.spec.containers must list at least one container.')
  }
  const metadata = objectAt(job, 'metadata')
  if (textAt(metadata, 'name') === undefined && textAt(metadata, 'generateName') === undefined) {
    return refuse('job_malformed', 'metadata has neither name nor generateName.')
  }
  return null
}

function objectionToController(job: JsonObject): Objection | null {
  const spec = specOf(job)
  const managedBy = textAt(spec, 'managedBy')
  if (managedBy !== undefined && managedBy !== BUILT_IN_CONTROLLER) {
    return refuse(
      'managed_by_other',
      `spec.managedBy is ${managedBy}, whose Pods cannot be vouched for; leave it away.`,
    )
  }
  if (spec['manualSelector'] === true) {
    return refuse(
      'manual_selector',
      'spec.manualSelector lets the Job adopt Pods that it did not make; leave it and spec.selector away.',
    )
  }
  return null
}

function objectionToPod(job: JsonObject): Objection | null {
  const pod = podOf(job)
  if (pod['hostNetwork'] === true) {
    return refuse(
      'host_network',
      `hostNetwork would open the proxy, and with it the credential, to every Pod of the node; set it to false.`,
    )
  }
  if (pod['hostPID'] === true) {
    return refuse('host_pid', 'hostPID would let the node’s other processes read the credential; set it to false.')
  }
  if (pod['shareProcessNamespace'] === true) {
    return refuse(
      'shared_process_namespace',
      'shareProcessNamespace would let the app read the credential through /proc; set it to false.',
    )
  }
  const isWindows =
    textAt(objectAt(pod, 'os'), 'name') === 'windows' ||
    textAt(objectAt(pod, 'nodeSelector'), 'kubernetes.io/os') === 'windows' ||
    Object.hasOwn(objectAt(pod, 'securityContext'), 'windowsOptions')
  return isWindows ? refuse('windows', 'The proxy does not run on Windows nodes; run the Job on Linux.') : null
}

function objectionToContainers(job: JsonObject): Objection | null {
  return objectionToReserved(job) ?? firstObjection(appContainers(job), objectionToContainer)
}

/** Our names are ours where we put them: in the init containers and volumes of a Job that we injected before. */
function objectionToReserved(job: JsonObject): Objection | null {
  const pod = podOf(job)
  const wasInjected = isInjected(job)
  const taken = objectsAt(pod, 'containers').map(nameOf)
  if (!wasInjected) taken.push(...objectsAt(pod, 'initContainers').map(nameOf))
  const container = taken.find((name) => OUR_CONTAINERS.includes(name))
  if (container !== undefined) {
    return refuse('reserved_name', `The container name ${container} is reserved; rename it.`)
  }
  const volume = wasInjected
    ? undefined
    : objectsAt(pod, 'volumes')
        .map(nameOf)
        .find((name) => OUR_VOLUMES.includes(name))
  return volume === undefined ? null : refuse('reserved_name', `The volume name ${volume} is reserved; rename it.`)
}

/** Restarted in place, an app would make its paid calls anew; whether a native sidecar pays is known by the secret that it asks for. */
export function objectionToSidecars(job: JsonObject, policy: Policy, keepsRestarts: boolean): Objection | null {
  if (keepsRestarts) return null
  const paying = appContainers(job).find((app) => isNativeSidecar(app) && asksForSecret(app.container, policy))
  if (paying === undefined) return null
  return refuse(
    'container_restarts',
    `Container ${paying.name} is a native sidecar with a secret of a vendor: each restart in place would pay anew. Let a container of the Job call the vendor, or set the annotation ${RESTART_POLICY_ANNOTATION}: keep; then each paid call of the Job needs an Idempotency-Key that names the intention.`,
  )
}

/** Where the ledger is a Service, only the cluster's own name servers know it. */
export function objectionToNameServers(job: JsonObject, ledgerUrl: string): Objection | null {
  const pod = podOf(job)
  const policy = textAt(pod, 'dnsPolicy') ?? 'ClusterFirst'
  const { host = '' } = /^https?:\/\/(?<host>[^:/]+\.svc)(:|\/|$)/.exec(ledgerUrl)?.groups ?? {}
  if (host === '' || (policy !== 'Default' && policy !== 'None')) return null
  const config = objectAt(pod, 'dnsConfig')
  const isTold = ['nameservers', 'searches'].every((key) => Array.isArray(config[key]) && config[key].length > 0)
  if (isTold) return null
  return refuse(
    'ledger_not_resolved',
    `dnsPolicy ${policy} leaves the Pod without the cluster's names, so that it would wait for ${host} in vain; set ClusterFirst and add your own name servers in dnsConfig, or give dnsConfig nameservers and searches of the cluster.`,
  )
}

function objectionToContainer({ container, name, path }: AppContainer): Objection | null {
  const mount = objectsAt(container, 'volumeMounts')
    .map(nameOf)
    .find((volume) => OUR_VOLUMES.includes(volume))
  if (mount !== undefined) {
    return refuse(
      'reserved_volume_mounted',
      `Container ${name} mounts ${mount}, which is ours; take the volumeMount away.`,
    )
  }
  const port = objectsAt(container, 'ports').find(
    (entry) => numberAt(entry, 'containerPort') === PROXY_PORT && (textAt(entry, 'protocol') ?? 'TCP') === 'TCP',
  )
  if (port !== undefined) {
    return refuse(
      'port_taken',
      `Container ${name} declares port ${PROXY_PORT}, which the proxy needs; let the app listen on another one.`,
    )
  }
  const restarts = textAt(container, 'restartPolicy') ?? 'Never'
  const hasRules = Array.isArray(container['restartPolicyRules']) && container['restartPolicyRules'].length > 0
  if (hasRules || (restarts !== 'Never' && !isNativeSidecar({ container, path }))) {
    return refuse(
      'container_restarts',
      `Container ${name} is restarted in place, which would look like a new intention; leave its restartPolicy and restartPolicyRules away.`,
    )
  }
  return null
}

function firstObjection<Item>(items: readonly Item[], judge: (item: Item) => Objection | null): Objection | null {
  for (const item of items) {
    const objection = judge(item)
    if (objection !== null) return objection
  }
  return null
}
