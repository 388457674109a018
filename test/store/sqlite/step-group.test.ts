import SqliteDatabase, { type Database } from 'better-sqlite3'
import { expect } from 'chai'
import { StepGroup } from '../../../store/sqlite/step-group.ts'
import type { SqliteTables } from '../../../store/sqlite/tables.ts'

describe('steps that come in together', () => {
  let db: Database
  let said: string[]
  let group: StepGroup
  let tables: { lastSeq: number; beginStep(): void; rewind(lastSeq: number): void }
  let written: number

  beforeEach(() => {
    said = []
    written = 0
    db = new SqliteDatabase(':memory:', { verbose: (sql) => said.push(String(sql)) })
    db.exec('CREATE TABLE kept (value INTEGER UNIQUE)')
    tables = {
      lastSeq: 0,
      beginStep: () => {},
      rewind(lastSeq) {
        tables.lastSeq = lastSeq
      },
    }
    const parts = { db, tables: tables as unknown as SqliteTables, checkFiles: () => {} }
    group = new StepGroup({ ...parts, onWritten: () => (written += 1) })
  })
  afterEach(() => db.close())

  const keep = (value: number) => () => {
    db.prepare('INSERT INTO kept (value) VALUES (?)').run(value)
    tables.lastSeq += 1
    return value
  }
  const kept = () => db.prepare('SELECT value FROM kept ORDER BY rowid').pluck().all()
  const commits = () => said.filter((sql) => sql === 'COMMIT').length
  const ends = async (asked: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(asked)).map((end) => (end.status === 'fulfilled' ? end.value : 'failed'))

  it('are committed once, in the order of asking, and told their own answers', async () => {
    expect(await ends([1, 2, 3].map((value) => group.ask(keep(value))))).to.deep.equal([1, 2, 3])
    expect(kept()).to.deep.equal([1, 2, 3])
    expect([commits(), written]).to.deep.equal([1, 1])
  })

  it('are told nothing before they are committed', async () => {
    const told = group.ask(keep(1)).then(() => commits())
    expect(commits()).to.equal(0)
    expect(await told).to.equal(1)
  })

  it('stand or fall by themselves: of one that fails nothing stays, and its event number is given again', async () => {
    const failing = () => {
      keep(8)()
      throw new Error('a rule was broken')
    }
    expect(await ends([group.ask(keep(1)), group.ask(failing), group.ask(keep(2))])).to.deep.equal([1, 'failed', 2])
    expect(kept()).to.deep.equal([1, 2])
    expect([commits(), tables.lastSeq]).to.deep.equal([1, 2])
  })

  it('all fail when SQLite takes back what was not committed, as it does on a full disk', async () => {
    const full = () => {
      db.exec('ROLLBACK')
      throw new Error('the disk is full')
    }
    expect(await ends([group.ask(keep(1)), group.ask(full), group.ask(keep(2))])).to.deep.equal([
      'failed',
      'failed',
      'failed',
    ])
    expect(kept()).to.deep.equal([])
    expect([commits(), written, tables.lastSeq]).to.deep.equal([0, 0, 0])
    expect(await group.ask(keep(3))).to.equal(3)
  })

  it('more than fit into one commit are all done, also when the store is closed at once', async () => {
    const asked = Array.from({ length: 250 }, (_, value) => group.ask(keep(value)))
    group.end()
    expect(await ends(asked)).to.deep.equal(Array.from({ length: 250 }, (_, value) => value))
    expect(commits()).to.equal(3)
  })
})
