import { expect } from 'chai'
import type { SeenFact } from '../../contract/call.ts'
import { asDigest, asHistoryId } from '../../contract/ids.ts'
import { type KeptFact, SeenFacts } from '../../sidecar/proxy/seen-facts.ts'

const OLD = asHistoryId('history-1')
const NEW = asHistoryId('history-2')
const fact = (n: number): SeenFact => ({ life: 1, digest: asDigest('d'.repeat(64)), n, token: null })
const numbers = (facts: readonly SeenFact[]) => facts.map(({ n }) => n)

describe('what the apps have read', () => {
  it('is said until it is confirmed under the history that holds, lane by lane', () => {
    const facts = new SeenFacts(OLD, async () => [])
    facts.add(fact(1), 'a')
    facts.add(fact(2), 'b')
    const said = facts.unconfirmed('a')
    expect([numbers(facts.unconfirmed('a')), numbers(facts.unconfirmed('b'))]).to.deep.equal([[1], [2]])
    facts.confirm(said, 'a', NEW)
    expect(numbers(facts.unconfirmed('a'))).to.deep.equal([1])
    facts.add(fact(3), 'a')
    facts.confirm(said, 'a', OLD)
    expect(numbers(facts.unconfirmed('a')), 'one that came later').to.deep.equal([3])
    facts.confirm(facts.unconfirmed('a'), 'a', OLD)
    expect(numbers(facts.unconfirmed('a'))).to.deep.equal([])
    expect(facts.some(10).map(({ lane }) => lane)).to.deep.equal(['b'])
  })

  it('is not kept in memory once it is confirmed, and said again in full under a new history', async () => {
    const written: KeptFact[] = []
    const facts = new SeenFacts(OLD, async () => written)
    for (let n = 1; n <= 3; n += 1) {
      written.push({ fact: fact(n), lane: 'a' })
      facts.add(fact(n), 'a')
    }
    facts.confirm(facts.unconfirmed('a'), 'a', OLD)
    expect(facts.some(10)).to.deep.equal([])
    facts.keepUnwritten(fact(4), 'a')
    facts.add(fact(4), 'a')
    facts.confirm(facts.unconfirmed('a'), 'a', OLD)
    expect(await facts.learnHistory(NEW)).to.equal(true)
    expect(numbers(facts.unconfirmed('a'))).to.deep.equal([1, 2, 3, 4])
    expect(await facts.learnHistory(NEW)).to.equal(false)
  })

  it('goes out under a new history only once all of it is at hand', async () => {
    const recalling = Promise.withResolvers<KeptFact[]>()
    const facts = new SeenFacts(OLD, () => recalling.promise)
    facts.add(fact(1), 'a')
    const learning = [facts.learnHistory(NEW), facts.learnHistory(NEW)]
    expect(facts.historyId).to.equal(OLD)
    // Confirmed by a store that is about to be another one.
    facts.confirm(facts.unconfirmed('a'), 'a', OLD)
    recalling.resolve([])
    expect(await Promise.all(learning)).to.deep.equal([true, true])
    expect(facts.historyId).to.equal(NEW)
    expect(numbers(facts.unconfirmed('a'))).to.deep.equal([1])
  })

  it('that cannot be recalled leaves the old history in force, under which nothing is numbered', async () => {
    let isReadable = false
    const facts = new SeenFacts(OLD, async () => {
      if (!isReadable) throw new Error('the file is damaged')
      return [{ fact: fact(1), lane: 'a' }]
    })
    const outcome = await facts.learnHistory(NEW).catch((fault: Error) => fault.message)
    expect([outcome, facts.historyId]).to.deep.equal(['the file is damaged', OLD])
    isReadable = true
    expect(await facts.learnHistory(NEW)).to.equal(true)
    expect(numbers(facts.unconfirmed('a'))).to.deep.equal([1])
  })
})
