import { expect } from 'chai'
import { stringify } from 'yaml'
import { planOf, readJob } from './surroundings.ts'

/** Of the API server, for names and values of one object. */
const MOST = 256 * 1024
const NAME = 'example.com/notes'

describe('annotations of a Pod template near the limit of the API server', () => {
  /** A Job whose template has so many bytes of annotations. */
  const planWith = (bytes: number) => {
    const annotations = { [NAME]: 'é'.repeat(8) + 'x'.repeat(bytes - NAME.length - 16) }
    const spec = { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] }
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'nightly' } }
    return planOf(readJob(stringify({ ...job, spec: { template: { metadata: { annotations }, spec } } })))
  }
  const ours = () => {
    const planned = planWith(100)
    if (planned.kind !== 'inject') throw new Error(planned.sentence)
    const { template } = planned.job['spec'] as { template: { metadata: { annotations: Record<string, string> } } }
    const size = Object.entries(template.metadata.annotations).reduce(
      (sum, entry) => sum + Buffer.byteLength(entry.join('')),
      0,
    )
    return size - 100
  }

  it('are taken as long as ours fit beside them, to the byte', () => {
    expect(planWith(MOST - ours()).kind).to.equal('inject')
  })

  it('are refused by us, with how much must go, where ours do not fit', () => {
    const planned = planWith(MOST - ours() + 7)
    expect(planned).to.include({ kind: 'refuse', code: 'annotations_full' })
    expect('sentence' in planned && planned.sentence).to.match(/shorten them by 7 bytes\.$/)
  })

  it('are left to the API server where they are too large without ours', () => {
    expect(planWith(MOST + 1).kind).to.equal('inject')
  })
})
