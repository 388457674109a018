import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { STORE_PROBLEMS } from '../../contract/store-problems.ts'

describe('docs/redis-recovery.md', () => {
  const rows = [...readFileSync('docs/redis-recovery.md', 'utf8').matchAll(/^\| `(\w+)` \| (.+) \| (.+) \|$/gm)]
  const table = new Map(rows.map(([, code = '', summary, wayOut]) => [code, { summary, wayOut }]))

  it('has every code of the store, and says of each what `jobcap doctor` says', () => {
    const codes = Object.fromEntries([...table].filter(([code]) => code in STORE_PROBLEMS))
    expect(codes).to.deep.equal(STORE_PROBLEMS)
  })
})
