import { constants, existsSync, fstatSync, write } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { type JournalDisk, JournalFault } from './disk.ts'

/** A write returns when its bytes are on disk: one turn of Node's threads for each group, not two. */
const DURABLE_APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC

const SEGMENT = /^journal-[0-9]{8}\.log$/

/**
 * Segments as files of one folder. Node writes and syncs them on its own threads, so the event loop never waits. The
 * folder is one process's: a lock that ends with its process, however it ends.
 */
export async function openFileDisk(folder: string): Promise<JournalDisk> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((fault: unknown) => {
    throw new JournalFault(`${folder} cannot be made: ${String(fault)}`)
  })
  const lock = lockFolder(folder)
  let current: { readonly segment: string; readonly file: FileHandle } | undefined

  async function fileOf(segment: string): Promise<FileHandle> {
    if (current?.segment === segment) return current.file
    await current?.file.close()
    const isNew = !existsSync(join(folder, segment))
    current = { segment, file: await open(join(folder, segment), DURABLE_APPEND, 0o600) }
    if (isNew) await syncFolder(folder)
    return current.file
  }

  return {
    async list() {
      return (await readdir(folder)).filter((name) => SEGMENT.test(name)).sort()
    },
    read: (segment) => readFile(join(folder, segment)),
    async append(segment, bytes) {
      const file = await fileOf(segment)
      for (let at = 0; at < bytes.length; ) at += await written(file.fd, bytes.subarray(at))
      // A file that was taken away takes what is written to it, for nobody.
      if (fstatSync(file.fd).nlink === 0) throw takenAway(join(folder, segment))
    },
    async cut(segment, length) {
      await truncate(join(folder, segment), length).catch((fault: NodeJS.ErrnoException) => {
        throw fault.code === 'ENOENT' ? takenAway(join(folder, segment)) : fault
      })
    },
    async remove(segment) {
      if (current?.segment === segment) {
        await current.file.close()
        current = undefined
      }
      await unlink(join(folder, segment))
      await syncFolder(folder)
    },
    async close() {
      await current?.file.close()
      lock.close()
    },
  }
}

/** Bytes that are on disk now, perhaps not all. By callback: it costs half of what Node's promises of files do. */
function written(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (fault, count) => {
      if (fault === null) resolve(count)
      else reject(fault)
    })
  })
}

/** The names in a folder are on disk only once the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const takenAway = (path: string) =>
  new JournalFault(
    `${path} was taken away while this ledger wrote to it, so nothing is sent. Start this replica again: it begins a new journal. ` +
      'What the old one held counts as lost only if the store loses something too: `jobcap ledger repair` then says so',
  )

function lockFolder(folder: string): { close(): void } {
  const path = join(folder, 'lock')
  try {
    const db = new SqliteDatabase(path, { timeout: 0 })
    db.pragma('locking_mode = EXCLUSIVE')
    db.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS lock (held INTEGER); COMMIT')
    return db
  } catch (fault) {
    throw new JournalFault(
      `The journal ${folder} is in use by another ledger, or cannot be written (${String(fault)}). ` +
        'Each replica has a journal folder of its own.',
    )
  }
}
