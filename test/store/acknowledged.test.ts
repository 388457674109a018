import { constants, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase, { type Database } from 'better-sqlite3'
import { expect } from 'chai'
import { openFileDisk } from '../../store/journal/file-disk.ts'
import { skip } from '../../tools/test/skip.ts'
import { Folder } from './sqlite/files.ts'

const OPEN_FILES = '/proc/self/fd'

/** As the kernel has it of a file that this process holds open: proc(5), fdinfo. */
function flagsOf(path: string): number {
  const descriptor = readdirSync(OPEN_FILES).find((each) => {
    try {
      return readlinkSync(join(OPEN_FILES, each)) === path
    } catch {
      return false
    }
  })
  const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? []
  return Number.parseInt(flags, 8)
}

// A kill of the process does not tell it: what the kernel holds outlives that, and not the machine.
describe('what is acknowledged is on disk, and not only with the kernel', () => {
  it('an entry of the journal: each write returns when its bytes are there', async function () {
    if (!existsSync(OPEN_FILES)) skip(this, 'needs /proc')
    const folder = mkdtempSync(join(tmpdir(), 'journal-'))
    const disk = await openFileDisk(folder)
    try {
      await disk.append('journal-00000001.log', Buffer.from('entry'))
      const flags = flagsOf(join(folder, 'journal-00000001.log'))
      expect(flags & constants.O_DSYNC).to.equal(constants.O_DSYNC)
    } finally {
      await disk.close()
      rmSync(folder, { recursive: true })
    }
  })

  it('a step of the embedded store: each commit waits for the disk, under a lock of one process', async () => {
    const prototype = SqliteDatabase.prototype
    const { pragma } = prototype
    const opened = new Set<Database>()
    prototype.pragma = function (this: Database, ...args) {
      opened.add(this)
      return pragma.apply(this, args)
    }
    const folder = new Folder()
    try {
      await folder.open()
      const [db, ...others] = opened
      expect(others).to.deep.equal([])
      const FULL = 2
      expect(db?.pragma('synchronous', { simple: true })).to.equal(FULL)
      expect(db?.pragma('journal_mode', { simple: true })).to.equal('wal')
      expect(db?.pragma('locking_mode', { simple: true })).to.equal('exclusive')
    } finally {
      prototype.pragma = pragma
      await folder.remove()
    }
  })
})
