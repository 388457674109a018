import { expect } from 'chai'
import { Turns } from '../../sidecar/proxy/turns.ts'

/**
 * Each line: the moment in ms, what happens (`arrive 1 K`, `wait 1`, `answered 1`, `ended 1`, `tick`), and what follows:
 * `go 1`, `go 1 diverged`, `unread 1`, or nothing.
 */
function play(table: string): void {
  const turns = new Turns()
  for (const line of table.trim().split('\n')) {
    const [left = '', expected = ''] = line.split('→').map((part) => part.trim())
    const [at = '', what = '', id = '', key = ''] = left.split(/\s+/)
    const nowMs = Number(at)
    const run: Record<string, () => ReturnType<Turns['tick']>> = {
      arrive: () => turns.arrive(Number(id), key, nowMs),
      wait: () => turns.toldToWait(Number(id), nowMs),
      answered: () => turns.answered(Number(id), nowMs),
      ended: () => turns.ended(Number(id), nowMs),
      tick: () => turns.tick(nowMs),
      next: () => {
        expect(turns.nextTickMs(), line).to.equal(id === 'never' ? null : Number(id))
        return []
      },
      wanted: () => {
        expect(turns.wanted().join(','), line).to.equal(id)
        return []
      },
    }
    const events = run[what]?.() ?? []
    const said = events.map(
      (event) => `${event.kind} ${event.id}${event.kind === 'go' && event.saysDiverged ? ' diverged' : ''}`,
    )
    expect(said.join(', '), line).to.equal(expected)
  }
}

const TABLES: readonly [string, string][] = [
  [
    'requests of one K go one at a time, in order; other K go at once',
    `
    0 arrive 1 A   → go 1
    0 arrive 2 A   →
    0 arrive 3 B   → go 3
    0 arrive 4 A   →
    5 ended 1      → go 2
    6 ended 3      →
    7 ended 2      → go 4
    `,
  ],
  [
    'an answer that is not known to be read holds its K until it is seen or closed',
    `
    0 arrive 1 A   → go 1
    1 answered 1   →
    2 wanted       →
    2 arrive 2 A   →
    3 wanted 1     →
    9 ended 1      → go 2
    `,
  ],
  [
    'who waits behind an answer unread for 30 s is refused; the answer keeps holding its K',
    `
    0     arrive 1 A  → go 1
    100   answered 1  →
    200   arrive 2 A  →
    300   next 30100  →
    30099 tick        →
    30100 tick        → unread 2
    40000 arrive 3 A  →
    40000 next 40250  →
    40249 tick        →
    40250 tick        → unread 3
    40251 arrive 4 A  →
    40300 ended 1     → go 4
    `,
  ],
  [
    'a waiting request that is dropped lets nobody pass who may not',
    `
    0 arrive 1 A → go 1
    0 arrive 2 A →
    0 arrive 3 A →
    1 ended 2    →
    2 ended 1    → go 3
    `,
  ],
  [
    'told to wait, a request leaves its turn to others and enters again when one of them ends',
    `
    0 arrive 1 A → go 1
    0 arrive 2 A →
    1 wait 1     → go 2
    2 next never →
    3 ended 2    → go 1
    `,
  ],
  [
    'fresh requests go before those that were told to wait',
    `
    0 arrive 1 A → go 1
    0 arrive 2 A →
    1 wait 1     → go 2
    1 arrive 3 A →
    2 ended 2    → go 3
    3 ended 3    → go 1
    `,
  ],
  [
    'after 2 s in which all that is open was told to wait, the oldest of each K says so',
    `
    0    arrive 1 A → go 1
    0    arrive 2 A →
    0    arrive 3 B → go 3
    1    wait 1     → go 2
    5    wait 2     →
    9    next never →
    10   ended 3    →
    10   next 2010  →
    2009 tick       →
    2010 tick       → go 1 diverged
    2011 ended 1    → go 2
    2012 wait 2     →
    4011 tick       →
    4012 tick       → go 2 diverged
    `,
  ],
  [
    'the 2 s begin again when any other request of the attempt comes',
    `
    0    arrive 1 A → go 1
    1    wait 1     →
    1    next 2001  →
    1500 arrive 2 B → go 2
    2500 tick       →
    2600 ended 2    →
    2600 next 4600  →
    4600 tick       → go 1 diverged
    `,
  ],
  [
    'an answer of another K that is unread counts as open for 30 s, and its evidence is looked for',
    `
    0     arrive 2 B  → go 2
    0     answered 2  →
    1     arrive 1 A  → go 1
    2     wait 1      →
    2     wanted 2    →
    2     next 30000  →
    30000 tick        →
    30000 next 32000  →
    32000 tick        → go 1 diverged
    `,
  ],
  [
    'a late end is harmless',
    `
    0 arrive 1 A → go 1
    1 ended 1    →
    2 ended 1    →
    3 arrive 2 A → go 2
    4 answered 1 →
    5 wait 1     →
    `,
  ],
]

describe('turns: one at a time of the same K (S2) and waiting as told (rule 7)', () => {
  for (const [promise, table] of TABLES) it(promise, () => play(table))
})
