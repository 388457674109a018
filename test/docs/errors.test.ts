import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { REFUSALS } from '../../contract/refusals.ts'
import { errorsPage } from '../../tools/docs/errors.ts'
import { textsGiven } from '../../tools/docs/given-codes.ts'
import { anchorsOf } from '../../tools/docs/pages.ts'
import generateErrors from '../../tools/generate/errors.gen.ts'
import generateReasons from '../../tools/generate/reasons.gen.ts'
import { REASONS } from '../../webhook/reasons.ts'

const CODES = Object.keys(REFUSALS)

/** Of the rooms that may give a refusal; the catalogue itself names every code. */
const GIVEN = new Set(
  globSync('{policy,vendors,store,ledger,sidecar}/**/*.ts').flatMap((path) => [
    ...textsGiven(readFileSync(path, 'utf8')),
  ]),
)

describe('the pages of refusals and reasons', () => {
  for (const { path, text } of [...generateErrors(), ...generateReasons()]) {
    it(`${path} is what its catalogue says now (else: make fix)`, () => {
      expect(readFileSync(path, 'utf8')).to.equal(text)
    })
  }

  it('docs/errors.md has an anchor for each code and for no other', () => {
    const page = { path: 'docs/errors.md', text: readFileSync('docs/errors.md', 'utf8') }
    const ids = [...page.text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)
    expect(ids).to.have.members(CODES)
    for (const code of CODES) expect(anchorsOf(page).has(code), code).to.equal(true)
  })

  it('shows texts with bars and angle brackets as they are', () => {
    const entry = { status: 400, actor: 'us', isRetryable: true, summary: 'a|b <c> `<d>`', wayOut: 'x' } as const
    expect(errorsPage({ odd: entry })).to.include('| a\\|b &lt;c> `<d>` |')
  })

  for (const code of CODES) {
    it(`some source gives ${code}: a code that nothing gives explains nothing`, () => {
      expect(GIVEN.has(code)).to.equal(true)
    })
  }

  it('a code that is only compared with, listed or named in a type does not count as given', () => {
    const source = "give('a'); x ? 'b' : y; ({ code: 'c' }); if (z === 'd') f(['e']); type G = 'g'"
    expect([...textsGiven(source)]).to.deep.equal(['a', 'b', 'c'])
  })

  it('some source of the plan gives each admission reason', () => {
    const plan = globSync('webhook/plan{.ts,/*.ts}').map((path) => readFileSync(path, 'utf8'))
    const unused = Object.keys(REASONS).filter((code) => !plan.some((text) => text.includes(`'${code}'`)))
    expect(unused).to.deep.equal([])
  })
})
