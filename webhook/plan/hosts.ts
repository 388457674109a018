import type { Policy } from '../../policy/policy.ts'
import { type JsonObject, objectsAt } from './json.ts'
import { type Draft, type Objection, refuse } from './outcome.ts'
import { POD_PATH, podOf } from './pod.ts'

const LOOPBACK = '127.0.0.1'

/** The host name of a vendor inside a Pod, for SDKs that take no path prefix. */
export function vendorHost(name: string): string {
  return `${name}.localhost`
}

/** Lets the vendors' host names lead to the proxy. Entries of one address are one entry: the API keys the list by it. */
export function addHosts(draft: Draft, policy: Pick<Policy, 'vendors'>): Objection | null {
  const pod = podOf(draft.job)
  const aliases = objectsAt(pod, 'hostAliases')
  const wanted = policy.vendors.map(({ name }) => vendorHost(name))
  for (const alias of aliases.filter(({ ip }) => ip !== LOOPBACK)) {
    const taken = hostnamesOf(alias).find((host) => wanted.includes(host))
    if (taken !== undefined) {
      return refuse(
        'host_alias_taken',
        `hostAliases gives ${taken} to ${String(alias['ip'])}; take it out, it leads to the proxy.`,
      )
    }
  }
  const ours = aliases.find(({ ip }) => ip === LOOPBACK)
  const missing = wanted.filter((host) => ours === undefined || !hostnamesOf(ours).includes(host))
  if (missing.length === 0) return null
  addMissing(pod, missing)
  draft.changes.push({
    code: 'hosts_added',
    path: `${POD_PATH}.hostAliases`,
    sentence: `These host names lead to the proxy: ${missing.join(', ')}.`,
  })
  return null
}

/** Gives `job` the vendors' host names that another of it has, whoever its vendors are by now. */
export function keepHosts(of: JsonObject, job: JsonObject): void {
  const names = (pod: JsonObject) =>
    objectsAt(pod, 'hostAliases')
      .filter(({ ip }) => ip === LOOPBACK)
      .flatMap(hostnamesOf)
  const there = names(podOf(job))
  addMissing(
    podOf(job),
    names(podOf(of)).filter((host) => host.endsWith(vendorHost('')) && !there.includes(host)),
  )
}

function addMissing(pod: JsonObject, missing: readonly string[]): void {
  if (missing.length === 0) return
  const aliases = objectsAt(pod, 'hostAliases')
  const ours = aliases.find(({ ip }) => ip === LOOPBACK)
  if (ours === undefined) pod['hostAliases'] = [...aliases, { ip: LOOPBACK, hostnames: missing }]
  else ours['hostnames'] = [...hostnamesOf(ours), ...missing]
}

function hostnamesOf(alias: JsonObject): string[] {
  const hostnames = alias['hostnames']
  return Array.isArray(hostnames) ? hostnames.filter((host): host is string => typeof host === 'string') : []
}
