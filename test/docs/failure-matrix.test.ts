import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ROWS } from '../matrix/matrix.ts'

const HEAD = '| what fails | reservation | record | the app gets |'

describe('docs/failure-matrix.md', () => {
  it('names the rows that have tests, each once, and no other', () => {
    const [, table = ''] = readFileSync('docs/failure-matrix.md', 'utf8').split(`${HEAD}\n`)
    const [, ...rows] = table.trimEnd().split('\n')
    const names = rows.map((row) => row.split(' | ')[0]?.slice('| '.length))
    expect(names).to.have.length(28)
    expect(names).to.have.members(Object.keys(ROWS))
  })
})
