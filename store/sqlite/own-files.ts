import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { StoreFault } from '../store.ts'

/** SQLite's own file beside the database: what was committed and is not in the database yet. */
export const walOf = (path: string): string => `${path}-wal`

/** Bytes; 0 where there is no file. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/**
 * A look whether the files that are open are still those at their path: SQLite writes on into a file that was taken
 * away, and nobody finds there what was recorded. Throws `StoreFault` where they are not.
 */
export function watchFiles(path: string): () => void {
  const files = [path, walOf(path)].filter((file) => existsSync(file)).map((file) => ({ file, opened: statSync(file) }))
  return () => {
    for (const { file, opened } of files) {
      const found = statSync(file, { throwIfNoEntry: false })
      if (found?.ino === opened.ino && found.dev === opened.dev) continue
      throw new StoreFault(
        `${file} was removed or replaced under the ledger that has it open, so nothing is recorded any more. ` +
          'Put that file back; or end the ledger, and start it with what is to hold.',
      )
    }
  }
}

/** Closes without what SQLite does at its last close: it would write the `-wal` file into a database that is refused. */
export function closeUntouched(db: Database, path: string): void {
  const wal = walOf(path)
  const aside = `${wal}.aside`
  try {
    copyFileSync(wal, aside)
    truncateSync(wal)
  } catch {
    // None is there, or none can be written: then SQLite cannot write either.
    db.close()
    return
  }
  db.close()
  renameSync(aside, wal)
}
