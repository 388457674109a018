import fs, {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'

/** Not those of `node:fs/promises`: with them come readline and more, 1 MiB of a Pod's memory. */
const [open, fchmod, close] = [promisify(fs.open), promisify(fs.fchmod), promisify(fs.close)]
const [readFile, writeFile, rename] = [promisify(fs.readFile), promisify(fs.writeFile), promisify(fs.rename)]

/** The sidecar's door to files: the Pod token, the memory volume, the termination message, the kernel's socket tables. */
export interface SidecarFiles {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>
  /** Puts `text` in place of whatever is there: readers see the old content or the new, never a half. */
  replace(path: string, text: string, mode: number): Promise<void>
  /** Writes into the file as it is, for files that were mounted and cannot be replaced. */
  overwrite(path: string, text: string): Promise<void>
  /** Creates the file when it is missing, and clears away what an unfinished `placeAnew` left. */
  openInPlace(path: string): FileInPlace
  /** As `replace`, and opens it. Null when the volume has no room for both; then the old file stands. */
  placeAnew(path: string, text: string): FileInPlace | null
}

/**
 * A file that is written at places of one's choice. Synchronous on purpose: it lies in memory, and a trip through the thread
 * pool would take ten times as long. What is written survives this process, not the machine. Texts are Latin-1.
 */
export interface FileInPlace {
  readonly bytes: number
  read(): Buffer
  /** Bytes written: fewer than given, or none, when the volume is full. */
  writeAt(position: number, text: string): number
  close(): void
}

/** No more can be written: the volume, a quota, a limit of the file's size. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export const systemFiles: SidecarFiles = {
  async read(path) {
    try {
      return await readFile(path, 'utf8')
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw fault
    }
  },
  async replace(path, text, mode) {
    const beside = besideOf(path)
    const file = await open(beside, 'w', mode)
    try {
      // A file left by a crash keeps its old mode.
      await fchmod(file, mode)
      await writeFile(file, text)
    } finally {
      await close(file)
    }
    await rename(beside, path)
  },
  overwrite: (path, text) => writeFile(path, text),
  openInPlace(path) {
    rmSync(besideOf(path), { force: true })
    // Reading from and writing to any place, created when missing: no flag of Node's says so without a number.
    return inPlace(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600))
  },
  placeAnew(path, text) {
    const beside = besideOf(path)
    const descriptor = openSync(beside, 'w+', 0o600)
    let isPlaced = false
    try {
      if (writeAll(descriptor, 0, text) < text.length) return null
      fsyncSync(descriptor)
      renameSync(beside, path)
      isPlaced = true
      return inPlace(descriptor)
    } finally {
      if (!isPlaced) {
        closeSync(descriptor)
        rmSync(beside, { force: true })
      }
    }
  },
}

function besideOf(path: string): string {
  return `${path}.new`
}

function inPlace(descriptor: number): FileInPlace {
  return {
    bytes: fstatSync(descriptor).size,
    read: () => readWhole(descriptor),
    writeAt: (position, text) => writeAll(descriptor, position, text),
    close: () => closeSync(descriptor),
  }
}

function readWhole(descriptor: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(fstatSync(descriptor).size)
  let filled = 0
  while (filled < whole.length) {
    const bytes = readSync(descriptor, whole, filled, whole.length - filled, filled)
    if (bytes === 0) break
    filled += bytes
  }
  return whole.subarray(0, filled)
}

function writeAll(descriptor: number, position: number, text: string): number {
  let written = 0
  try {
    while (written < text.length) {
      const bytes = writeSync(descriptor, text.slice(written), position + written, 'latin1')
      if (bytes === 0) break
      written += bytes
    }
  } catch (fault) {
    if (!FULL.has((fault as NodeJS.ErrnoException).code ?? '')) throw fault
  }
  return written
}
