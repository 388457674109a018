import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const PAGE = 'docs/rules.md'
const ROWS = [...readFileSync(PAGE, 'utf8').matchAll(/^\| ([SM]?\d+) \|.*\]\(\.\.\/([\w./-]+)\) \|$/gm)].map(
  ([, rule = '', file = '']) => ({ rule, file }),
)
const SOURCES = globSync('{contract,sidecar,store,ledger,tools/sim,test/store}/**/*.ts')

/** `Rule 5`, `Rules 8 to 10`, `rules 6 and 7`, `S2`, `M3`: of the comments and names of tests that such a line stands in. */
function rulesNamedIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => /\*|\/\/|--|:|'/.test(line))
  return lines.flatMap((line) => [
    ...[...line.matchAll(/\b[SM]\d\b/g)].map(([rule]) => rule),
    ...[...line.matchAll(/\b[Rr]ules? (\d+)(?:(?: to | and |, )(\d+))?/g)].flatMap(([, one, other]) =>
      [one, other].filter((rule) => rule !== undefined),
    ),
  ])
}

describe('the page of the rules by number', () => {
  const known = ROWS.map(({ rule }) => rule)

  it('has a row for each rule that a comment names', () => {
    const unknown = SOURCES.flatMap((path) =>
      rulesNamedIn(readFileSync(path, 'utf8'))
        .filter((rule) => !known.includes(rule))
        .map((rule) => `${path}: ${rule}`),
    )
    expect(unknown).to.deep.equal([])
  })

  it('has each rule once, the numbered ones in their order', () => {
    expect(known).to.deep.equal([
      ...['S1', 'S2', 'S3', 'S4'],
      ...['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
      ...['M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'M7', 'M8'],
    ])
  })

  for (const { rule, file } of ROWS) {
    it(`${rule} is named in ${file}`, () => {
      expect(rulesNamedIn(readFileSync(file, 'utf8'))).to.satisfy(
        (named: string[]) => named.includes(rule) || isWithin(readFileSync(file, 'utf8'), Number(rule)),
      )
    })
  }
})

/** Of `Rules 8 to 10` the 9 is meant too. */
function isWithin(text: string, rule: number): boolean {
  return [...text.matchAll(/\b[Rr]ules (\d+) to (\d+)/g)].some(
    ([, from, to]) => Number(from) <= rule && rule <= Number(to),
  )
}
