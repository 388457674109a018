import { expect } from 'chai'
import { afterThisTurn, oncePerTurn } from '../../runtime/turn.ts'

describe('a question put once a turn', () => {
  it('is answered alike within a turn, and put anew in the next', async () => {
    let asked = 0
    const ask = oncePerTurn(() => {
      asked += 1
      return asked
    })
    expect([ask(), ask()]).to.deep.equal([1, 1])
    await Promise.resolve()
    expect(ask()).to.equal(1)
    await new Promise<void>(afterThisTurn)
    expect([ask(), ask()]).to.deep.equal([2, 2])
  })

  it('is put anew after it could not be answered', () => {
    let asked = 0
    const ask = oncePerTurn(() => {
      asked += 1
      if (asked === 1) throw new Error('not now')
      return asked
    })
    expect(ask).to.throw('not now')
    expect(ask()).to.equal(2)
  })
})
