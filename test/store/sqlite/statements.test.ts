import SqliteDatabase from 'better-sqlite3'
import { expect } from 'chai'
import { migrate } from '../../../store/sqlite/migrate.ts'
import { prepareStatements } from '../../../store/sqlite/statements.ts'

/** Asked by a person, or once at start. `auditEnd` reads one row, from the end. */
const MAY_SCAN: readonly string[] = ['keyList', 'runList', 'booksOff', 'auditEnd']

/** Results of the statement itself, lists inside its rows, and an index that holds only what is unresolved. */
const NO_TABLES =
  /^SCAN (CONSTANT|made|most|read|oldest|gone|account VIRTUAL TABLE|\(subquery|calls USING INDEX calls_unresolved$)/

describe('statements of the embedded store', () => {
  const db = new SqliteDatabase(':memory:')
  migrate(db)
  const statements = prepareStatements(db)
  after(() => db.close())

  function planOf(sql: string): readonly string[] {
    const unbound = sql.replace(/[?]|@\w+/g, 'NULL')
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${unbound}`).all() as { detail: string }[]
    return plan.map(({ detail }) => detail)
  }
  /** Steps of the plan that walk a table. */
  const walks = (sql: string) => planOf(sql).filter((detail) => detail.startsWith('SCAN ') && !NO_TABLES.test(detail))

  for (const [name, { source }] of Object.entries(statements)) {
    if (MAY_SCAN.includes(name)) continue
    it(`${name} walks no table`, () => {
      expect(walks(source)).to.deep.equal([])
    })
  }

  for (const name of ['pruneSums', 'pruneCalls'] as const) {
    it(`${name} takes a part of a run without sorting all of it, while every call would wait`, () => {
      expect(planOf(statements[name].source)).not.to.include('USE TEMP B-TREE FOR ORDER BY')
    })
  }
})
