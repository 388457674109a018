import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { KubeFault } from '../../kube/api.ts'
import { REASONS } from '../../webhook/plan.ts'
import { readJob } from '../webhook/surroundings.ts'
import { type Cluster, startCluster, TEAM } from './cluster.ts'
import { cronJobOf, jobOf, VARIANTS } from './corpus.ts'
import { needsControlPlane } from './needs.ts'

const GOLDENS = join(import.meta.dirname, '../webhook/goldens')
const UNLABELLED = 'elsewhere'

interface Manifest {
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Those of the plan's goldens, and one a field of Kubernetes' own. */
const CORPUS: readonly (readonly [string, Manifest])[] = [
  ...readdirSync(GOLDENS).map((name) => {
    const { object } = readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8'))
    return [`golden ${name}`, object as unknown as Manifest] as const
  }),
  ...Object.entries(VARIANTS).flatMap(([name, variant]) => [
    [`Job ${name}`, jobOf(name, variant) as unknown as Manifest] as const,
    [`CronJob ${name}`, cronJobOf(name, variant) as unknown as Manifest] as const,
  ]),
]

describe('a corpus of Jobs and CronJobs through the real API server', function () {
  this.timeout(240_000)
  let cluster: Cluster
  let stop: () => Promise<void> = () => Promise.resolve()

  before(async function () {
    needsControlPlane(this)
    cluster = await startCluster()
    stop = () => cluster.stop()
    await cluster.kubectl(['create', 'namespace', UNLABELLED])
  })
  after(() => stop())

  /** What the API server says against it; undefined where it would take it. */
  const objection = async (
    { kind, metadata, ...manifest }: Manifest,
    namespace: string,
  ): Promise<string | undefined> => {
    const path = `/apis/batch/v1/namespaces/${namespace}/${kind.toLowerCase()}s?dryRun=All`
    try {
      await cluster.kube.create(path, { ...manifest, kind, metadata: { ...metadata, namespace } })
      return undefined
    } catch (fault) {
      if (fault instanceof KubeFault) return fault.message
      throw fault
    }
  }

  it('refuses none that was valid before, but for a reason of the catalogue that leads to a refusal, and no CronJob', async () => {
    const counts = { valid: 0, refused: 0 }
    for (const [name, manifest] of CORPUS) {
      if ((await objection(manifest, UNLABELLED)) !== undefined) continue
      counts.valid += 1
      const said = await objection(manifest, TEAM)
      if (said === undefined) continue
      counts.refused += 1
      const [, code = '', sentence = ''] = /jobcap \((\w+)\): (.+)/s.exec(said) ?? []
      expect(manifest.kind, `${name}: ${said}`).to.equal('Job')
      expect(REASONS, `${name}: ${said}`).to.have.property(code).that.has.property('outcome', 'refuse')
      expect(sentence.length, `${name}: ${said}`).to.be.greaterThan(20)
    }
    expect(counts.valid, JSON.stringify(counts)).to.be.at.least(150)
    expect(counts.refused, JSON.stringify(counts)).to.be.within(1, counts.valid / 3)
  })
})
