import { expect } from 'chai'
import { remembered } from '../../contract/remembered.ts'

describe('what is remembered', () => {
  it('is worked out once, also where the answer is null or false', () => {
    const asked: string[] = []
    const of = remembered((text) => {
      asked.push(text)
      return text === 'a' ? null : false
    })
    expect([of('a'), of('b'), of('a'), of('b')]).to.deep.equal([null, false, null, false])
    expect(asked).to.deep.equal(['a', 'b'])
  })

  it('stays small: one more than the most, and all is forgotten', () => {
    let count = 0
    const of = remembered(() => (count += 1), 2)
    expect([of('a'), of('b'), of('a'), of('c'), of('a')]).to.deep.equal([1, 2, 1, 3, 4])
  })
})
