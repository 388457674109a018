import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { archiveImage, linkedFiles } from '../../tools/cluster/image-archive.ts'
import { skip } from '../../tools/test/skip.ts'
import { CHART } from '../kubernetes/chart.ts'
import { CUSTOMERS_AN_INDEX, isDone, killsOf, payThrough } from './crowd.ts'
import { startExistingRedis } from './existing-redis.ts'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage } from './stage.ts'
import { named, teamOn } from './team.ts'

const REDIS_SERVER = '.tools/bin/redis-server'
const REDIS_IMAGE = 'localhost/redis:1'
const REDIS = 'jobcap-redis-0'
const INDEXES = 10
const AT_ONCE = 8
const LEDGERS = 2
const WEBHOOKS = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies'

/** Another installation in the place of the one that was there: several ledgers on a Redis, all by the chart. */
export function redisOn(stage: () => Stage): void {
  const { jobIs, invoicesOf } = teamOn(stage)
  const inOwn = (...args: readonly string[]) => stage().kubectl(['-n', OWN_NAMESPACE, ...args])
  const pays = async (work: string) => {
    await stage().apply(payingJob(work, PAY_ONCE(work)))
    await jobIs(work, 'Complete')
    expect(invoicesOf(work)).to.deep.equal([work])
  }

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

  it('goes on with one of two ledgers, also when Redis is killed after that: nobody waits for the one that has left', async function () {
    if (!existsSync(REDIS_SERVER)) skip(this, 'needs a Redis server: redis-tools of Debian')
    await stage().helm('upgrade', 'jobcap', CHART, '--reuse-values', '--set', 'ledger.replicas=1')
    await inOwn('wait', '--for=delete', 'pod/jobcap-ledger-1', '--timeout=700s')
    await stage().task({ pod: REDIS, name: 'redis' }, 'kill', '--signal', 'SIGKILL')
    await pays(named('on-one'))
  })

  it('charges once on a Redis that was there already, behind a Sentinel, by TLS and with a password', async function () {
    if (!existsSync(REDIS_SERVER)) skip(this, 'needs a Redis server: redis-tools of Debian')
    await stage().helm('uninstall', 'jobcap')
    await inOwn('wait', '--for=delete', 'pod', '-l', 'app.kubernetes.io/instance=jobcap', '--timeout=700s')
    // Another store, so nothing of the one before: its key would say that this Redis has lost its data.
    await inOwn('delete', 'secret', 'jobcap-master-key')
    await inOwn('delete', 'pvc', '--all')
    await stage().storage('third-ledger')
    await install(stage(), await startExistingRedis(stage(), REDIS_IMAGE))
    await pays(named('on-sentinel'))
  })
}

async function installOnRedis(stage: Stage): Promise<void> {
  const parts = join(stage.folder, 'redis-image')
  mkdirSync(parts, { recursive: true })
  const files = await linkedFiles(REDIS_SERVER, '/usr/bin/redis-server')
  await stage.load(await archiveImage({ name: REDIS_IMAGE, files, folder: parts }))
  await stage.storage('second-ledger')
  const storage = await stage.storage('redis')
  await install(stage, {
    store: { type: 'redis', redis: { own: { image: REDIS_IMAGE, pullPolicy: 'Never', storage } } },
    ledger: { replicas: LEDGERS },
  })
  await stage.kubectl(['rollout', 'status', 'statefulset/jobcap-redis', '-n', OWN_NAMESPACE, '--timeout=600s'])
}

async function install({ folder, helm, kubectl }: Stage, values: object): Promise<void> {
  const file = join(folder, 'redis-values.yaml')
  writeFileSync(file, stringify(values))
  await helm('install', 'jobcap', CHART, '--values', join(folder, 'values.yaml'), '--values', file)
  for (const part of ['statefulset/jobcap-ledger', 'deployment/jobcap-manager']) {
    await kubectl(['rollout', 'status', part, '-n', OWN_NAMESPACE, '--timeout=600s'])
  }
}
