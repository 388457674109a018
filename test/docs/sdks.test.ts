import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Ran } from '../../tools/sdks/act.ts'
import { pagesOf } from '../../tools/sdks/pages.ts'
import { VENDORS } from '../../tools/sdks/sdks.ts'

const ROOT = join(import.meta.dirname, '../..')
const SEEN = /^## What the app sees$[\s\S]*?(?=^## )/m
const NOTHING = { problems: [], told: [], logs: {} }

/** As if each case had been run, and nothing seen. */
const declared: Ran[] = VENDORS.flatMap((of) =>
  of.sdks.flatMap((sdk) =>
    of.cases.filter((one) => one.only?.(sdk) ?? true).map((one) => ({ of, sdk, one, result: NOTHING })),
  ),
)

describe('the pages about the vendors’ own SDKs', () => {
  for (const { path, text } of pagesOf(declared)) {
    it(`${path} has the SDKs, the ways of pointing and the cases that \`make sdks\` runs`, () => {
      const page = readFileSync(join(ROOT, path), 'utf8')
      expect(page.replace(SEEN, ''), 'make sdks UPDATE=1').to.equal(text.replace(SEEN, ''))
    })
  }

  for (const { vendor, cases } of VENDORS) {
    it(`the page of ${vendor} says what is seen in each case that shows something`, () => {
      const page = readFileSync(join(ROOT, `docs/reference/sdks/${vendor}.md`), 'utf8')
      const shown = [...(SEEN.exec(page)?.[0] ?? '').matchAll(/^\| (.*?) \| /gm)].map(([, when]) => when)
      const wanted = cases.flatMap(({ shows }) => (shows === undefined ? [] : [shows]))
      expect([...new Set(shown)]).to.deep.equal(['when', '---', ...wanted].filter((when) => shown.includes(when)))
      expect(shown).to.include.members(wanted)
    })
  }
})
