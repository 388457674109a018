import { expect } from 'chai'
import { broken, FIGURES, median, rounded, standing } from '../../bench/figures.ts'
import { runLoad } from '../../bench/load/wrk.ts'

describe('the figures of make bench', () => {
  for (const figure of FIGURES) {
    const { key, goal, worst, isMoreBetter } = figure
    const beyond = isMoreBetter ? worst * 0.99 : worst * 1.01
    const between = (goal + worst) / 2

    it(`${key} fails the bench beyond ${worst}, and only beyond it`, () => {
      expect(broken({ [key]: worst })).to.deep.equal([])
      expect(broken({ [key]: beyond })).to.have.length(1)
      expect(broken({ [key]: Number.NaN })).to.have.length(1)
      expect([goal, between, beyond].map((value) => standing(figure, { [key]: value }))).to.deep.equal([
        'reached',
        'missed',
        'broken',
      ])
    })
  }

  it('say nothing of what was not measured', () => {
    expect(broken({})).to.deep.equal([])
    expect(FIGURES.map((figure) => standing(figure, {}))).to.deep.equal(FIGURES.map(() => ''))
  })

  it('are medians, rounded to what a run can tell', () => {
    expect(median([3, 1, 2])).to.equal(2)
    expect(median([4, 1, 2, 3])).to.equal(2.5)
    expect([0.23456, 12.3456, 1234.5].map(rounded)).to.deep.equal([0.235, 12.346, 1235])
  })
})

describe('the load of make bench', () => {
  it('is put on this machine’s loopback only', async () => {
    const shape = { path: '/', headers: [], body: '@' }
    for (const url of ['http://example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1']) {
      const refused = await runLoad({ url, shape, connections: 1, seconds: 1 }).catch((fault: unknown) => fault)
      expect(String(refused), url).to.contain('loopback')
    }
  })
})
