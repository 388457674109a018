import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KubeApi } from '../../kube/api.ts'
import { clusterPrograms } from '../../tools/cluster/control-plane.ts'

const ROOT = join(import.meta.dirname, '../..')
export const CHART = join(ROOT, 'manifests/chart')
export const WEBHOOKS_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/jobcap'

/** What helm wrote on standard output; rejects with what it said. `folder` gets its caches. */
export async function helm(folder: string, ...args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    HELM_CACHE_HOME: join(folder, 'helm/cache'),
    HELM_CONFIG_HOME: join(folder, 'helm/config'),
    HELM_DATA_HOME: join(folder, 'helm/data'),
  }
  const { stdout } = await promisify(execFile)(join(clusterPrograms(), 'helm'), [...args], {
    env,
    maxBuffer: 16 * 1024 * 1024,
  })
  return stdout
}

/** A kubeconfig of the same cluster with another token. */
export function kubeconfigWith(kubeconfig: string, token: string): string {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as { users: object[] }
  const path = `${kubeconfig}-${token.slice(-8)}`
  writeFileSync(path, JSON.stringify({ ...config, users: [{ name: 'u', user: { token } }] }), { mode: 0o600 })
  return path
}

/** The chart's webhooks lead to its Service; here the manager is a process of this machine. All else stays the chart's. */
export async function pointWebhooks(kube: KubeApi, url: string): Promise<void> {
  const { webhooks = [] } = (await kube.get<{ webhooks: object[] }>(WEBHOOKS_PATH)) ?? {}
  await kube.patch(
    WEBHOOKS_PATH,
    webhooks.map((_webhook, at) => ({ op: 'replace', path: `/webhooks/${at}/clientConfig`, value: { url } })),
  )
}
