import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { archiveImage, linkedFiles } from '../../tools/cluster/image-archive.ts'
import { joinOneNode } from '../../tools/cluster/one-node.ts'
import { skip } from '../../tools/test/skip.ts'
import { CHART } from '../kubernetes/chart.ts'
import { CUSTOMERS_AN_INDEX, isDone, killsOf, payThrough } from './crowd.ts'
import { NODE_FOLDER, OWN_NAMESPACE, STORAGE_CLASS, type Stage, volumeIn } from './stage.ts'
import { named } from './team.ts'

const REDIS_SERVER = '.tools/bin/redis-server'
const REDIS_IMAGE = 'localhost/redis:1'
const REDIS = 'jobcap-redis-0'
const INDEXES = 10
const AT_ONCE = 8
const LEDGERS = 2
const WEBHOOKS = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies'

/** Another installation in the place of the one that was there: several ledgers on a Redis, all by the chart. */
export function redisOn(stage: () => Stage): void {
  const inOwn = (...args: readonly string[]) => stage().kubectl(['-n', OWN_NAMESPACE, ...args])

  it('leaves no webhook and no Pod behind when helm uninstalls it, and keeps policies, volumes and keys, as it says', async () => {
    const policies = await stage().kubectl(['get', 'cappolicies', '-o', 'name'])
    const said = await stage().helm('uninstall', 'jobcap')
    expect(said).to.contain('kept due to the resource policy')
    await inOwn('wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/instance=jobcap', '--timeout=700s')
    expect(await stage().kubectl(['get', WEBHOOKS, '-o', 'name'])).not.to.contain('jobcap')
    expect(policies).to.contain('default')
    expect(await stage().kubectl(['get', 'cappolicies', '-o', 'name'])).to.equal(policies)
    expect(await inOwn('get', 'pvc', '-o', 'name')).to.contain('data-jobcap-ledger-0')
    expect(await inOwn('get', 'secret', '-o', 'name')).to.contain('secret/jobcap-ca')
  })

  it(`charges each of ${INDEXES * CUSTOMERS_AN_INDEX} customers once with ${LEDGERS} ledgers on the chart's own Redis, while Redis, its Pod and ledgers are killed`, async function () {
    if (!existsSync(REDIS_SERVER)) skip(this, 'needs a Redis server: redis-tools of Debian')
    await installOnRedis(stage())
    const remove = (pod: string, ...how: readonly string[]) => {
      return () => isDone(inOwn('delete', 'pod', pod, ...how))
    }
    const crash = (pod: string, name: string) => {
      return () => isDone(stage().task({ pod, name }, 'kill', '--signal', 'SIGKILL'))
    }
    const { pod, 'jobcap-proxy': proxy } = killsOf(stage, 'on-redis')
    await payThrough(stage, {
      name: 'on-redis',
      indexes: INDEXES,
      atOnce: AT_ONCE,
      kills: [
        ...([
          ['Pod', pod],
          ['Redis', crash(REDIS, 'redis')],
          ['ledger', crash('jobcap-ledger-0', 'ledger')],
        ] as const),
        ...([
          ['proxy', proxy],
          ['ledger’s Pod', remove('jobcap-ledger-1', '--force', '--grace-period=0')],
        ] as const),
        ...([
          ['Redis’ Pod', remove(REDIS, '--wait=false')],
          ['ledger’s Pod', remove('jobcap-ledger-0', '--wait=false')],
        ] as const),
      ],
    })
    await inOwn('rollout', 'status', 'statefulset/jobcap-ledger', '--timeout=300s')
    const { body } = await stage().operator('GET', `/runs?job=${named('on-redis')}&namespace=billing`)
    expect((body as { readonly runs: readonly unknown[] }).runs).to.have.length(1)
  })
}

async function installOnRedis(stage: Stage): Promise<void> {
  const { folder, kubectl } = stage
  const parts = join(folder, 'redis-image')
  mkdirSync(parts, { recursive: true })
  const files = await linkedFiles(REDIS_SERVER, '/usr/bin/redis-server')
  await joinOneNode(join(folder, NODE_FOLDER)).load(await archiveImage({ name: REDIS_IMAGE, files, folder: parts }))
  for (const name of ['redis', 'second-ledger']) await stage.apply(volumeIn(folder, name))
  const storage = { size: '1Gi', className: STORAGE_CLASS }
  const values = {
    store: { type: 'redis', redis: { own: { image: REDIS_IMAGE, pullPolicy: 'Never', storage } } },
    ledger: { replicas: LEDGERS },
  }
  const file = join(folder, 'redis-values.yaml')
  writeFileSync(file, stringify(values))
  await stage.helm('install', 'jobcap', CHART, '--values', join(folder, 'values.yaml'), '--values', file)
  for (const part of ['statefulset/jobcap-redis', 'statefulset/jobcap-ledger', 'deployment/jobcap-manager']) {
    await kubectl(['rollout', 'status', part, '-n', OWN_NAMESPACE, '--timeout=600s'])
  }
}
