import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type JsonObject, plan } from '../../webhook/plan.ts'
import { POLICIES, readJob, SETTINGS } from './surroundings.ts'

const { object: job, namespaceLabels } = readJob(
  readFileSync(join(import.meta.dirname, 'goldens/existing-init-containers/job.yaml'), 'utf8'),
)
const inject = (before: JsonObject, settings = SETTINGS) => {
  const planned = plan({ job: before, namespaceLabels, policies: POLICIES, settings })
  if (planned.kind !== 'inject') throw new Error(planned.sentence)
  return planned
}

interface Pod {
  readonly initContainers: ({ name: string } & JsonObject)[]
  readonly volumes: { projected?: JsonObject }[]
}
const podOf = (object: JsonObject) => (object as { spec: { template: { spec: Pod } } }).spec.template.spec

describe('a Job that was injected before', () => {
  it('is not changed for the defaults that the API server has added to what is ours', () => {
    const admitted = structuredClone(inject(job).job)
    for (const container of podOf(admitted).initContainers) {
      container['terminationMessagePath'] = '/dev/termination-log'
      container['terminationMessagePolicy'] = 'File'
      container['imagePullPolicy'] = 'IfNotPresent'
    }
    for (const volume of podOf(admitted).volumes) {
      if (volume.projected !== undefined) volume.projected['defaultMode'] = 420
    }
    expect(inject(admitted).patch).to.deep.equal([])
  })

  it('gets the newer image, and nothing else changes', () => {
    const { patch, changes } = inject(inject(job).job, { ...SETTINGS, image: 'jobcap:next' })
    expect(patch).to.deep.equal([
      { op: 'replace', path: '/spec/template/spec/initContainers/0/image', value: 'jobcap:next' },
      { op: 'replace', path: '/spec/template/spec/initContainers/1/image', value: 'jobcap:next' },
    ])
    expect(changes.map(({ code }) => code)).to.deep.equal(['containers_added'])
  })

  it('gets ours to the front again when another webhook has put something before them', () => {
    const admitted = structuredClone(inject(job).job)
    podOf(admitted).initContainers.unshift({ name: 'mesh-init' })
    const { job: again } = inject(admitted)
    expect(podOf(again).initContainers.map(({ name }) => name)).to.deep.equal([
      'jobcap-issuer',
      'jobcap-proxy',
      'mesh-init',
      'migrate',
      'fetch',
    ])
  })

  it('has its terms written anew when its annotations say something else', () => {
    const admitted = structuredClone(inject(job).job) as { metadata: JsonObject } & JsonObject
    admitted.metadata['annotations'] = { 'jobcap.dev/cap-usd': '7.00' }
    expect(inject(admitted).patch).to.deep.equal([
      {
        op: 'replace',
        path: '/spec/template/metadata/annotations/jobcap.dev~1terms',
        value: '{"capUsd":"7.00","policy":"default"}',
      },
    ])
  })
})
