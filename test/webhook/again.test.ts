import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { restore } from '../../webhook/plan/restore.ts'
import { type JsonObject, plan, planAgain } from '../../webhook/plan.ts'
import { applyPatch } from './apply-patch.ts'
import { POLICIES, readJob, SETTINGS } from './surroundings.ts'

const { object: job, namespaceLabels } = readJob(
  readFileSync(join(import.meta.dirname, 'goldens/existing-init-containers/job.yaml'), 'utf8'),
)
const inject = (before: JsonObject, settings = SETTINGS, policies = POLICIES) => {
  const planned = plan({ job: before, namespaceLabels, policies, settings })
  if (planned.kind !== 'inject') throw new Error(planned.sentence)
  return planned
}

const restoredBy = (old: JsonObject, updated: JsonObject) => {
  const planned = planAgain(updated, SETTINGS)
  if (planned === undefined) throw new Error('not planned again')
  return restore({ old, updated, planned })
}

interface Pod extends JsonObject {
  readonly initContainers: ({ name: string } & JsonObject)[]
  readonly containers: JsonObject[]
  readonly volumes: { projected?: JsonObject }[]
}
const podOf = (object: JsonObject) => (object as { spec: { template: { spec: Pod } } }).spec.template.spec

/** As it was once injected: the issuer first, and a hook that waited for the proxy. */
function asBefore(admitted: JsonObject): JsonObject {
  const before = structuredClone(admitted)
  const [proxy, issuer, ...theirs] = podOf(before).initContainers
  if (proxy === undefined || issuer === undefined) throw new Error('nothing was injected')
  for (const ours of [proxy, issuer]) ours['env'] = (ours['env'] as { name: string }[]).slice(0, 2)
  proxy['lifecycle'] = { postStart: { exec: { command: ['/jobcap/ready'] } } }
  podOf(before).initContainers.splice(0, Infinity, issuer, proxy, ...theirs)
  return before
}

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
      'jobcap-proxy',
      'jobcap-issuer',
      'mesh-init',
      'migrate',
      'fetch',
    ])
  })

  it('gets the order of today when it is a copy of one that was injected with the issuer first', () => {
    expect(inject(asBefore(inject(job).job)).job).to.deep.equal(inject(job).job)
  })

  describe('that names no completions, for one Pod at a time', () => {
    const single = structuredClone(job) as JsonObject & { spec: JsonObject }
    delete single.spec['completions']
    Object.assign(single.spec, { parallelism: 1, completionMode: 'NonIndexed' })
    const replaced = (old: JsonObject) => applyPatch(single, restoredBy(old, single))

    it('gets back the completions that admission gave it', () => {
      const admitted = inject(single).job
      expect(admitted['spec']).to.include({ completions: 1, completionMode: 'Indexed' })
      expect(replaced(admitted)).to.deep.equal(admitted)
    })

    it('stays the work queue that a jobcap of before left it', () => {
      const admitted = structuredClone(inject(single).job) as JsonObject & { spec: JsonObject }
      delete admitted.spec['completions']
      admitted.spec['completionMode'] = 'NonIndexed'
      expect(replaced(admitted)).to.deep.equal(admitted)
    })
  })

  describe('whose Pod asks for resources as a whole', () => {
    const asking = structuredClone(job)
    podOf(asking)['resources'] = { requests: { memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } }
    const restored = (old: JsonObject, updated = structuredClone(asking)) => restoredBy(old, updated)
    const larger = { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } }

    it('is restored, whatever ours asked for when it was made', () => {
      for (const settings of [SETTINGS, { ...SETTINGS, resources: larger }]) {
        const old = inject(asking, settings).job
        const updated = structuredClone(asking)
        expect(podOf(applyPatch(updated, restored(old)) as JsonObject)).to.deep.equal(podOf(old))
      }
    })

    it('is restored as kubectl merges the manifest into it: what it names is put back, what we added stays', () => {
      const old = inject(asking).job
      const updated = structuredClone(old)
      podOf(updated)['resources'] = {
        requests: { cpu: '520m', memory: '64Mi' },
        limits: { cpu: '500m', memory: '256Mi' },
      }
      expect(podOf(old)['resources']).to.have.nested.property('requests.cpu', '520m')
      expect(podOf(applyPatch(updated, restored(old, structuredClone(updated))) as JsonObject)).to.deep.equal(
        podOf(old),
      )
    })

    it('is restored when it was made by a jobcap that left these resources as they were', () => {
      const old = structuredClone(inject(asking).job)
      podOf(old)['resources'] = podOf(asking)['resources']
      expect(podOf(applyPatch(structuredClone(asking), restored(old)) as JsonObject)).to.deep.equal(podOf(old))
    })

    it('does not get them back when they were edited, or taken out', () => {
      const old = inject(asking).job
      for (const resources of [{ limits: { memory: '512Mi' } }, { limits: { cpu: '500m', memory: '257Mi' } }, {}]) {
        const edited = structuredClone(asking)
        podOf(edited)['resources'] = resources
        const { resources: now, ...rest } = podOf(applyPatch(edited, restored(old, edited)) as JsonObject)
        const { resources: before, ...same } = podOf(old)
        expect(now).not.to.deep.equal(before)
        expect(rest).to.deep.equal(same)
      }
    })
  })

  it('is restored in the order in which it was made, when its manifest is applied again', () => {
    const old = asBefore(inject(job).job)
    const updated = structuredClone(job)
    const patch = restoredBy(old, updated)
    expect(podOf(applyPatch(updated, patch) as JsonObject)).to.deep.equal(podOf(old))
  })

  it('differs by what was edited and by nothing else, so that the API server refuses that and names it', () => {
    const edits: ((pod: Pod) => void)[] = [
      ({ containers: [first = {}] }) => {
        first['image'] = 'billing:next'
      },
      ({ containers: [first = {}] }) => {
        first['workingDir'] = '/elsewhere'
      },
      ({ initContainers }) => initContainers.push({ name: 'more', image: 'more' }),
    ]
    const { job: old } = inject(job)
    for (const edit of edits) {
      const [edited, wanted] = [structuredClone(job), structuredClone(old)]
      edit(podOf(edited))
      edit(podOf(wanted))
      expect(podOf(applyPatch(edited, restoredBy(old, edited)) as JsonObject)).to.deep.equal(podOf(wanted))
    }
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
