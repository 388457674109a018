import { CHART, helm } from './chart.ts'
import { OWN_NAMESPACE } from './cluster.ts'

/** Values of installs that people make, each as flags of helm. */
export const INSTALLS: Readonly<Record<string, string>> = {
  'the defaults': '',
  'three ledgers and the Redis of the chart': 'store.type=redis,ledger.replicas=3',
  'an existing Redis by Sentinel, with TLS and a password':
    'store.type=redis,ledger.replicas=2,store.redis.address=rediss+sentinel://s1:26379\\,s2:26380/main,store.redis.passwordSecret.name=redis,store.redis.caSecret.name=redis-ca',
  'a Redis Cluster': 'store.type=redis,store.redis.address=rediss+cluster://10.0.0.1:7000\\,10.0.0.2:7000',
  'a registry mirror, by digest, with pull secrets': `image.registry=mirror.example.com:5000,image.digest=sha256:${'a'.repeat(64)},image.pullSecrets={mirror},image.pullPolicy=Always`,
  'bounded Pods of Jobs, pulled with a Secret':
    'injected.resources.requests.cpu=50m,injected.resources.limits.cpu=null,injected.pullSecrets={regcred}',
  'behind an outgoing proxy':
    'ledger.vendorProxy.url=http://proxy.example.com:3128,ledger.vendorProxy.except={internal.example.com},networkPolicies.vendorPorts={443,3128}',
  'behind one with a password': 'ledger.vendorProxy.secret.name=proxy',
  'fenced teams': 'networkPolicies.teamNamespaces={default,kube-public},networkPolicies.metricsFrom={monitoring}',
  'names that YAML takes for something else, and one with a dot':
    'admission.excludedNamespaces={no,on},networkPolicies.metricsFrom={no},image.pullSecrets={reg.cred,off}',
  'private clusters':
    'manager.hostNetwork=true,manager.port=10443,priorityClassName=system-cluster-critical,nodeSelector.pool=infra,ledger.vendorCaSecret.name=vendors',
  'lenient, unlimited':
    'tests.cappedCall=false,admission.failurePolicy=Ignore,networkPolicies.enabled=false,podDisruptionBudgets.enabled=false',
}

/** What helm makes of it with these values. */
export const render = (folder: string, values: string, ...more: readonly string[]) =>
  helm(
    folder,
    'template',
    CHART,
    '--namespace',
    OWN_NAMESPACE,
    '--set',
    values,
    ...(more.includes('--name-template') ? [] : ['--name-template', 'jobcap']),
    ...more,
  )
