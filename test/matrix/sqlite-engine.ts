import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { SmallDisk } from '../ledger/small-disk.ts'
import type { Engine } from '../path/engine.ts'

/** Room for all calls of a chapter; what is not used costs nothing. */
const DISK_SIZE = '64m'

/** SQLite on a disk of its own, which a test can fill. Only root can mount one: see `needsRoot`. */
export const sqliteEngine: Engine = {
  name: 'SQLite',
  async start(folder) {
    const disk = new SmallDisk(join(folder, 'disk'))
    const isRoot = process.getuid?.() === 0
    if (isRoot) disk.mount(DISK_SIZE)
    const database = join(disk.folder, 'ledger.db')
    const copies = join(folder, 'copy')
    // The mark file lies beside the database and is not part of a copy of it.
    const files = () => globSync(`${database}{,-wal,-shm}`)
    return {
      flags: ['--store', `sqlite:${database}`],
      firstFlags: [],
      wire: undefined,
      restart: async () => {},
      cutOff: async () => disk.fill(),
      mend: async () => disk.free(),
      async copy() {
        mkdirSync(copies, { recursive: true })
        for (const file of files()) cpSync(file, join(copies, basename(file)))
      },
      async putBack() {
        for (const file of files()) rmSync(file)
        cpSync(copies, disk.folder, { recursive: true })
      },
      async empty() {
        for (const file of files()) rmSync(file)
      },
      async dateBack(byMs) {
        const open = new Database(database)
        open.prepare('UPDATE calls SET first_sent_at_ms = first_sent_at_ms - ?').run(byMs)
        open.close()
      },
      stop: async () => (isRoot ? disk.unmount() : undefined),
    }
  },
}
