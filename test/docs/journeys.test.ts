import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { callsIn, journeysOf, problemsOf } from '../../tools/docs/journeys.ts'

const PAGES = globSync('docs/journeys/*.md').sort()

describe('the pages of journeys', () => {
  for (const path of PAGES) {
    const journeys = journeysOf(path, readFileSync(path, 'utf8'))
    it(`${path} names at least one function`, () => {
      expect(journeys).not.to.deep.equal([])
    })
    for (const journey of journeys) {
      it(`${path}: \`${journey.name}\` takes its steps in the order of the page`, () => {
        expect(problemsOf(journey)).to.deep.equal([])
      })
    }
  }

  it('are held to the order of the calls, methods and functions alike', () => {
    const source = 'class A { go() { if (b(c())) this.d() } }\nasync function e() { return f() }'
    expect(callsIn(source, 'go')).to.deep.equal(['b', 'c', 'd'])
    expect(callsIn(source, 'e')).to.deep.equal(['f'])
    expect(callsIn(source, 'g')).to.equal(undefined)
    const [journey] = journeysOf(
      'a.md',
      '## In words: `journeysOf` in `tools/docs/journeys.ts`\n1. `push`: …\n2. `exec`: …\n',
    )
    expect(journey?.steps).to.deep.equal(['push', 'exec'])
    const backwards = {
      page: 'a.md',
      name: 'problemsOf',
      file: 'tools/docs/journeys.ts',
      steps: ['indexOf', 'callsIn'],
    }
    expect(problemsOf(backwards)).to.have.length(1)
    expect(problemsOf({ ...backwards, steps: ['callsIn', 'indexOf'] })).to.deep.equal([])
  })
})
