import { openSync, writeSync } from 'node:fs'
import { open, readFile, rename, writeFile } from 'node:fs/promises'

/** The sidecar's door to files: the Pod token, the memory volume, the termination message, the kernel's socket tables. */
export interface SidecarFiles {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>
  /** Puts `text` in place of whatever is there: readers see the old content or the new, never a half. */
  replace(path: string, text: string, mode: number): Promise<void>
  /** Writes into the file as it is, for files that were mounted and cannot be replaced. */
  overwrite(path: string, text: string): Promise<void>
  /** Opens for appending, creates when missing. */
  appendTo(path: string): Promise<AppendFile>
}

export interface AppendFile {
  /** Resolves once the kernel has the line: it survives this process, not the machine. */
  append(line: string): Promise<void>
}

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
    const beside = `${path}.new`
    const file = await open(beside, 'w', mode)
    try {
      // A file left by a crash keeps its old mode.
      await file.chmod(mode)
      await file.writeFile(text)
    } finally {
      await file.close()
    }
    await rename(beside, path)
  },
  overwrite: (path, text) => writeFile(path, text),
  async appendTo(path) {
    const descriptor = openSync(path, 'a', 0o600)
    // Synchronous on purpose: the file lies in memory, and a trip through the thread pool would take ten times as long.
    return { append: async (line) => void writeSync(descriptor, `${line}\n`) }
  },
}
