import { accessSync, constants, existsSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { asHistoryId } from '../../contract/ids.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import { type Rulebook, WHOLE_RULEBOOK } from '../rules/rulebook.ts'
import { type RecoverableStore, StoreFault } from '../store.ts'
import { MarkFile, readMark } from './mark-file.ts'
import { migrate } from './migrate.ts'
import { closeUntouched, sizeOf, walOf, watchFiles } from './own-files.ts'
import { endEverything } from './restored.ts'
import { SqliteStore } from './sqlite-store.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { SqliteTables } from './tables.ts'
import { storeClock } from './time.ts'

export interface SqliteStoreOptions {
  /** Path of the database file, or `:memory:` for a store that ends with its process. */
  readonly path: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The file was put back from a copy: all runs end for good, day caps count as spent until a person opens them. */
  readonly restored?: boolean
  /** Only tests leave a rule out. */
  readonly rules?: Rulebook
}

const IN_MEMORY = ':memory:'

/**
 * Opens the embedded store under an exclusive lock. Throws `StoreFault` with what to do: the file is in use, damaged,
 * of a newer layout, missing beside its mark, or older than its mark.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<RecoverableStore> {
  const { path, restored = false } = options
  const markPath = path === IN_MEMORY ? undefined : `${path}.mark`
  // Asked before SQLite touches the file: it would make one where there is none, and begin to fill one cut to nothing.
  const isThere = sizeOf(path) > 0
  if (markPath !== undefined && !isThere && (restored || existsSync(markPath))) {
    throw new StoreFault(restored ? nothingRestored(path) : missing(path, markPath))
  }
  const db = openDatabase(path)
  try {
    checkPages(db, path)
    const isEmpty = !hasLayout(db)
    if (isEmpty && restored) throw new StoreFault(nothingRestored(path))
    if (isEmpty && markPath !== undefined && existsSync(markPath)) {
      throw new StoreFault(damaged(path, `it holds nothing, but ${markPath} says that it did`))
    }
    migrate(db)
    return assemble(options, { db, markPath, restored })
  } catch (fault) {
    closeUntouched(db, path)
    throw fault instanceof StoreFault ? fault : new StoreFault(explain(path, fault), { cause: fault })
  }
}

interface Opened {
  readonly db: Database
  readonly markPath: string | undefined
  readonly restored: boolean
}

function assemble(options: SqliteStoreOptions, opened: Opened): RecoverableStore {
  const { db, markPath, restored } = opened
  const { path, clock, random, log, rules = WHOLE_RULEBOOK } = options
  const statements = prepareStatements(db)
  const end = (statements.auditEnd.get() ?? { seq: 0, at_ms: 0 }) as { seq: number; at_ms: number }
  if (markPath !== undefined && !restored) checkMark(statements, { path, markPath, lastSeq: end.seq })
  checkBooks(statements, path)
  // What was put back is another history, and another install: the file it replaces, put back in turn, is noticed.
  const renew = restored ? metaAnew : metaOnce
  const historyId = asHistoryId(renew(statements, 'history_id', () => random.hex(8)))
  const installId = renew(statements, 'install_id', () => random.uuid())
  const time = storeClock(clock, { boot: random.uuid(), lastAtMs: end.at_ms })
  const tables = new SqliteTables({ statements, rules, random, time, historyId, lastSeq: end.seq })
  if (restored) {
    db.transaction(() => endEverything(statements, tables)).immediate()
    log.warn('the store was put back from a copy: all runs are ended, day caps count as spent until opened')
  }
  const mark = markPath === undefined ? undefined : new MarkFile(markPath, installId, clock)
  mark?.note(tables.lastSeq)
  const checkFiles = path === IN_MEMORY ? () => {} : watchFiles(path)
  return new SqliteStore({ db, statements, tables, mark, log, path, checkFiles })
}

function openDatabase(path: string): Database {
  try {
    // SQLite says of a read-only disk only that there was an I/O error.
    if (path !== IN_MEMORY) {
      accessSync(dirname(path), constants.W_OK)
      if (existsSync(path)) accessSync(path, constants.W_OK)
      // SQLite gives its files the mode of the database; by itself it would let everybody read it.
      else writeFileSync(path, '', { mode: 0o600 })
    }
    const db = new SqliteDatabase(path, { timeout: 0 })
    try {
      // Exclusive before the first touch: a second ledger is refused, and a killed one leaves no lock behind.
      db.pragma('locking_mode = EXCLUSIVE')
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      // 32 MiB of pages: digests are spread over all of an index, and the default of 2 MiB reads the file again and again.
      db.pragma('cache_size = -32768')
      // What a step in a savepoint may have to undo is kept there; in a Pod with a read-only root there is no folder for it.
      db.pragma('temp_store = MEMORY')
      db.pragma('foreign_keys = ON')
      db.exec('BEGIN IMMEDIATE; COMMIT')
      return db
    } catch (fault) {
      db.close()
      throw fault
    }
  } catch (fault) {
    throw new StoreFault(explain(path, fault), { cause: fault })
  }
}

function metaOnce(statements: Statements, name: string, make: () => string): string {
  const found = statements.metaGet.get(name) as { value: string } | undefined
  return found?.value ?? metaAnew(statements, name, make)
}

function metaAnew(statements: Statements, name: string, make: () => string): string {
  const value = make()
  statements.metaPut.run(name, value)
  return value
}

function checkPages(db: Database, path: string): void {
  const verdict = String(db.pragma('quick_check(1)', { simple: true }))
  if (verdict !== 'ok') throw new StoreFault(damaged(path, verdict))
}

function checkBooks(statements: Statements, path: string): void {
  const off = (statements.booksOff.all() as { account: string }[]).map(({ account }) => account)
  if (off.length > 0) throw new StoreFault(damaged(path, `sums do not add up for ${off.join(', ')}`))
}

/** Whether any jobcap has ever written to it; a file cut to nothing has none either. */
function hasLayout(db: Database): boolean {
  return Number(db.pragma('user_version', { simple: true })) > 0
}

interface Found {
  readonly path: string
  readonly markPath: string
  /** Number of the last event on record. */
  readonly lastSeq: number
}

function checkMark(statements: Statements, { path, markPath, lastSeq }: Found): void {
  const mark = readMark(markPath)
  // A first start that was killed before its mark: nothing was recorded yet.
  if (mark === undefined && lastSeq === 0) return
  if (mark === undefined || mark === 'unreadable') {
    throw new StoreFault(
      `${markPath} is ${mark ?? 'missing or empty'}, so ${path} may be a copy. If it was put back from a copy, start with --restored.`,
    )
  }
  const installId = (statements.metaGet.get('install_id') as { value: string } | undefined)?.value
  if (mark.installId !== installId) {
    throw new StoreFault(
      `${path} is not the database that ${markPath} belongs to. If it was put back from a copy, start with --restored.`,
    )
  }
  if (mark.lastSeq > lastSeq) {
    throw new StoreFault(
      `${path} is older than ${markPath} says (event ${lastSeq}, the mark has ${mark.lastSeq}), so calls may be ` +
        `missing from it. If it was put back from a copy, start with --restored.`,
    )
  }
}

function explain(path: string, fault: unknown): string {
  const { code = '', message = String(fault) } = fault as { code?: string; message?: string }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return `${path} is in use by another ledger. One ledger at a time may open it; stop the other one first.`
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(path, message)
  if (code === 'ENOENT') return `The folder of ${path} does not exist. Make it first.`
  if (code.startsWith('SQLITE_READONLY') || ['SQLITE_CANTOPEN', 'EROFS', 'EACCES'].includes(code)) {
    return `${path} cannot be written. Make the file and its folder writable.`
  }
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC')
    return `The disk of ${path} is full. Make room, then start again.`
  return `${path} cannot be opened: ${message}`
}

function missing(path: string, markPath: string): string {
  return (
    `${path} is missing or empty, but ${markPath} says that there was one. Put the database or a copy of it back ` +
    `(a copy: start with --restored). An empty one is never started in its place.`
  )
}

function nothingRestored(path: string): string {
  return `There is no database in ${path}. Put the copy there first, then start with --restored.`
}

function damaged(path: string, how: string): string {
  const wal = walOf(path)
  const left = `If it was put back from a copy, ${wal} may be left of the database before: take that file away. `
  return (
    `${path} is damaged (${how}). Nothing was changed. ${sizeOf(wal) > 0 ? left : ''}Put back a copy and start with ` +
    '--restored; an empty database is never started in its place.'
  )
}
