import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Policy } from '../../policy/policy.ts'
import type { JsonObject } from '../../webhook/plan.ts'
import { review } from '../../webhook/server/review.ts'
import { applyPatch } from './apply-patch.ts'
import { type Manifest, POLICIES, planOf, readJob, SETTINGS } from './surroundings.ts'

const GOLDENS = join(import.meta.dirname, 'goldens')
/** It names containers of ours, which no merge of kubectl's would leave whole. */
const FORGED = 'forged-injection'
const IMMUTABLE = ['template', 'completionMode', 'podFailurePolicy', 'podReplacementPolicy'] as const

/** What the policies may have become since the Job was made. */
const SINCE: Readonly<Record<string, readonly Policy[]>> = {
  'are what they were': POLICIES,
  'name further vendors, before and after those of then': POLICIES.map((policy) => ({
    ...policy,
    vendors: [...others(policy, 'geo-only'), ...policy.vendors, ...others(policy, 'at-azure')],
  })),
  'name none of the vendors of then': POLICIES.map((policy) => ({ ...policy, vendors: others(policy, 'at-azure') })),
  'allow less than the Job asked for': POLICIES.map((policy) => ({
    ...policy,
    caps: { ...policy.caps, perRunMaxUsdMicros: 1 as Policy['caps']['perRunMaxUsdMicros'] },
  })),
  'are gone': [],
}

/** Those of another policy that this one does not name. */
function others({ vendors }: Policy, policy: string): Policy['vendors'] {
  const more = POLICIES.find(({ name }) => name === policy)?.vendors ?? []
  return more.filter(({ name }) => !vendors.some((vendor) => vendor.name === name))
}

/** As kubectl merges a manifest into what it had made of it before: lists of names item by item, and each field that it names. */
function merged(old: JsonObject, manifest: JsonObject): JsonObject {
  const both = { ...old }
  for (const [key, value] of Object.entries(manifest)) both[key] = mergedValue(old[key], value)
  return both
}

function mergedValue(old: unknown, value: unknown): unknown {
  if (isObject(old) && isObject(value)) return merged(old, value)
  if (!isNamed(old) || !isNamed(value)) return value
  const there = old.map((item) => {
    const same = value.find(({ name }) => name === item.name)
    return same === undefined ? item : merged(item, same)
  })
  return [...there, ...value.filter(({ name }) => !old.some((item) => item.name === name))]
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNamed = (value: unknown): value is (JsonObject & { name: string })[] =>
  Array.isArray(value) && value.every((item) => isObject(item) && typeof item['name'] === 'string')

describe('a manifest that is applied again', () => {
  for (const [what, policies] of Object.entries(SINCE)) {
    describe(`while the policies ${what}`, () => {
      for (const name of readdirSync(GOLDENS).filter((golden) => golden !== FORGED)) {
        const manifest = readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8'))
        const planned = planOf(manifest)
        if (manifest.object['kind'] !== 'Job' || planned.kind !== 'inject') continue
        const ways = { replaced: manifest.object, merged: merged(planned.job, manifest.object) }
        for (const [how, updated] of Object.entries(ways)) {
          it(`${name}, ${how}: gives back what admission had made of it`, () => {
            expect(fixedOf(reviewed(updated, planned.job, { ...manifest, policies }))).to.deep.equal(
              fixedOf(planned.job),
            )
          })
        }
      }
    })
  }
})

/** What of a suspended Job's template the API server lets people change, as they do. */
const EDITS: Readonly<Record<string, (template: JsonObject) => void>> = {
  'a label': (template) => write(template, ['metadata', 'labels', 'helm.sh/chart'], 'billing-2'),
  'an annotation': (template) => write(template, ['metadata', 'annotations', 'checksum'], '2'),
  'a node selector': (template) => write(template, ['spec', 'nodeSelector', 'disk'], 'ssd'),
  'a toleration': (template) => write(template, ['spec', 'tolerations'], [{ operator: 'Exists' }]),
}

describe('a manifest that is applied again with an edit', () => {
  for (const [what, edit] of Object.entries(EDITS)) {
    for (const name of readdirSync(GOLDENS).filter((golden) => golden !== FORGED)) {
      const manifest = readJob(readFileSync(join(GOLDENS, name, 'job.yaml'), 'utf8'))
      const planned = planOf(manifest)
      if (manifest.object['kind'] !== 'Job' || planned.kind !== 'inject') continue
      it(`${name}: nothing differs from what runs but ${what}`, () => {
        const edited = editedBy(edit, manifest.object)
        const after = reviewed(merged(planned.job, edited), planned.job, { ...manifest, policies: POLICIES })
        expect(fixedOf(after)).to.deep.equal(fixedOf(editedBy(edit, planned.job)))
      })
    }
  }

  it('has no word in what the Job was admitted with', () => {
    const manifest = readJob(readFileSync(join(GOLDENS, 'cap-asked/job.yaml'), 'utf8'))
    const planned = planOf(manifest)
    if (planned.kind !== 'inject') throw new Error(planned.kind)
    const forge = (template: JsonObject) => {
      write(template, ['metadata', 'annotations', 'jobcap.dev/terms'], '{"policy":"default"}')
      write(template, ['metadata', 'annotations', 'jobcap.dev/injected'], '0')
    }
    const after = reviewed(editedBy(forge, planned.job), planned.job, { ...manifest, policies: POLICIES })
    expect(fixedOf(after)).to.deep.equal(fixedOf(planned.job))
  })
})

function editedBy(edit: (template: JsonObject) => void, job: JsonObject): JsonObject {
  const edited = structuredClone(job)
  edit((edited['spec'] as JsonObject)['template'] as JsonObject)
  return edited
}

function write(owner: JsonObject, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) owner[key] = value
  else write((owner[key] ??= {}) as JsonObject, rest, value)
}

interface Now {
  readonly namespaceLabels: Manifest['namespaceLabels']
  readonly policies: readonly Policy[]
}

/** What the API server goes on with. */
function reviewed(updated: JsonObject, old: JsonObject, now: Now): JsonObject {
  const kind = { group: 'batch', version: 'v1', kind: 'Job' }
  const request = {
    uid: 'r',
    kind,
    operation: 'UPDATE',
    namespace: 'billing',
    object: updated,
    oldObject: old,
  } as const
  const { patch } = review(request, { ...now, settings: SETTINGS }).response
  if (patch === undefined) return updated
  return applyPatch(updated, JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as []) as JsonObject
}

/** What the API server lets nobody change. */
function fixedOf(job: JsonObject): object {
  const spec = job['spec'] as JsonObject
  return Object.fromEntries(IMMUTABLE.map((field) => [field, spec[field]]))
}
