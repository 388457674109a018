import type { Database } from 'better-sqlite3'
import { StoreFault } from '../store.ts'
import { INITIAL } from './migrations/0001-initial.ts'
import { PERSONS_LIMITS } from './migrations/0002-persons-limits.ts'
import { GEN } from './migrations/0003-gen.ts'
import { RETENTION } from './migrations/0004-retention.ts'
import { FROZEN } from './migrations/0005-frozen.ts'
import { CLAIMS } from './migrations/0006-claims.ts'
import { OBJECTS } from './migrations/0007-objects.ts'
import { ENDED_JOBS } from './migrations/0008-ended-jobs.ts'
import { WALKS } from './migrations/0009-walks.ts'
import { VERSION } from './migrations/0010-version.ts'

/** In order, forward only; the number of the last one applied is the database's `user_version`. */
const MIGRATIONS: readonly string[] = [
  INITIAL,
  PERSONS_LIMITS,
  GEN,
  RETENTION,
  FROZEN,
  CLAIMS,
  OBJECTS,
  ENDED_JOBS,
  WALKS,
  VERSION,
]

/** Rejects a database that a newer jobcap has written: its layout is not known here. */
export function migrate(db: Database): void {
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version > MIGRATIONS.length) {
    throw new StoreFault(
      `The database has layout ${version}, this jobcap knows ${MIGRATIONS.length}. Start the newer jobcap that wrote it.`,
    )
  }
  for (const [at, migration] of MIGRATIONS.entries()) {
    if (at < version) continue
    db.transaction(() => {
      db.exec(migration)
      db.pragma(`user_version = ${at + 1}`)
    }).immediate()
  }
}
