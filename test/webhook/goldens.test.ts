import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse, stringify } from 'yaml'
import { CREDENTIAL_VOLUME, ISSUER_CONTAINER, PROXY_CONTAINER, TOKEN_VOLUME } from '../../contract/labels.ts'
import { type JsonObject, type Plan, plan, REASONS } from '../../webhook/plan.ts'
import { applyPatch } from './apply-patch.ts'
import { planOf, readJob } from './surroundings.ts'

const GOLDENS = join(import.meta.dirname, 'goldens')
const cases = readdirSync(GOLDENS).sort()
/** `UPDATE_GOLDENS=1 npx mocha test/webhook/goldens.test.ts` writes what the plan gives now; read the difference. */
const isUpdating = process.env['UPDATE_GOLDENS'] === '1'

interface Container {
  readonly name: string
  readonly volumeMounts?: readonly { readonly name: string }[]
}
interface Pod {
  readonly initContainers: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string }[]
}

describe('admission plan', () => {
  for (const name of cases) {
    const manifest = readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8'))
    const before = structuredClone(manifest.object)
    const planned = planOf(manifest)

    it(`${name}: is planned as its golden says`, () => {
      const golden = join(GOLDENS, name, 'plan.golden.yaml')
      if (isUpdating)
        writeFileSync(golden, stringify(asGolden(planned), { lineWidth: 0, aliasDuplicateObjects: false }))
      expect(existsSync(golden), 'run with UPDATE_GOLDENS=1').to.equal(true)
      expect(asGolden(planned)).to.deep.equal(parse(readFileSync(golden, 'utf8')))
    })

    it(`${name}: the Job as it came is not touched`, () => {
      expect(manifest.object).to.deep.equal(before)
    })

    if (planned.kind !== 'inject') continue

    it(`${name}: a second injection changes nothing`, () => {
      const again = planOf({ ...manifest, object: planned.job })
      expect(again).to.deep.include({ kind: 'inject', patch: [], changes: [], job: planned.job })
    })

    it(`${name}: the patch makes the planned Job of the Job as it came`, () => {
      expect(planned.patch).not.to.deep.equal([])
      expect(applyPatch(planned.before, planned.patch)).to.deep.equal(planned.job)
    })

    it(`${name}: ours come first, and only they mount what is ours`, () => {
      const { initContainers, containers, volumes } = podOf(planned.job)
      expect(initContainers.slice(0, 2).map((container) => container.name)).to.deep.equal([
        PROXY_CONTAINER,
        ISSUER_CONTAINER,
      ])
      expect(volumes.map((volume) => volume.name)).to.include.members([TOKEN_VOLUME, CREDENTIAL_VOLUME])
      const mounts = [...initContainers.slice(2), ...containers].flatMap(({ volumeMounts }) => volumeMounts ?? [])
      expect(mounts.map((mount) => mount.name)).not.to.include.members([TOKEN_VOLUME])
      expect(mounts.map((mount) => mount.name)).not.to.include.members([CREDENTIAL_VOLUME])
    })

    it(`${name}: containers of the app are the same but for what a change names`, () => {
      const named = planned.changes.map(({ path }) => path)
      const theirs = podOf(planned.job).containers.filter(({ name: container }) => {
        return !named.some((path) => path.startsWith(`spec.template.spec.containers[${container}]`))
      })
      const originals = JSON.stringify(manifest.object)
      for (const container of theirs) expect(originals).to.include(JSON.stringify(container))
    })
  }

  it('covers at least 60 cases, and every reason that admission can give', () => {
    expect(cases.length).to.be.at.least(60)
    const given = new Set(
      cases.flatMap((name) => codesOf(readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8')))),
    )
    given.add('not_a_job')
    // By the install's values: test/webhook/injected-values.test.ts.
    given.add('pull_secrets_added')
    // By 256 KiB: test/webhook/full-annotations.test.ts.
    given.add('annotations_full')
    expect(Object.keys(REASONS).filter((code) => !given.has(code))).to.deep.equal([])
  })

  it('keeps each warning short enough for the API server', () => {
    for (const name of cases) {
      const { warnings } = planOf(readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8')))
      for (const { sentence } of warnings) expect(sentence).to.match(/^.{10,250}$/s)
    }
  })

  it('leaves alone what is no Job', () => {
    const surroundings = { namespaceLabels: {}, policies: [], settings: {} as never }
    expect(plan({ ...surroundings, job: { kind: 'Pod' } })).to.include({ kind: 'skip', code: 'not_a_job' })
  })
})

/** The Job itself is `job.yaml` with the patch applied, so it is not repeated. */
function asGolden(planned: Plan): unknown {
  if (planned.kind !== 'inject') return planned
  const { job: _, before: __, ...rest } = planned
  return JSON.parse(JSON.stringify(rest))
}

function codesOf(manifest: ReturnType<typeof readJob>): string[] {
  const planned = planOf(manifest)
  const codes = planned.warnings.map(({ code }): string => code)
  return planned.kind === 'inject' ? [...codes, ...planned.changes.map(({ code }) => code)] : [...codes, planned.code]
}

function podOf(job: JsonObject): Pod {
  return (job as unknown as { spec: { template: { spec: Pod } } }).spec.template.spec
}
