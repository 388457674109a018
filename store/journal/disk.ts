import type { StoreProblemCode } from '../../contract/store-problems.ts'

/** Where a journal's segments lie; the one thing of it that a simulation replaces. */
export interface JournalDisk {
  /** Names of the segments, oldest first. */
  list(): Promise<readonly string[]>
  read(segment: string): Promise<Buffer>
  /** Resolves when the bytes are on disk. After a rejection some of them may be there. */
  append(segment: string, bytes: Buffer): Promise<void>
  /** Takes away what lies beyond `length`. */
  cut(segment: string, length: number): Promise<void>
  remove(segment: string): Promise<void>
  close(): Promise<void>
}

interface JournalFaultOptions extends ErrorOptions {
  /** Default: it cannot be written. */
  readonly problemCode?: StoreProblemCode
}

/** The journal cannot be read or written; its message says what to do. */
export class JournalFault extends Error {
  override readonly name = 'JournalFault'
  readonly problemCode: StoreProblemCode

  constructor(message: string, { problemCode = 'journal_not_writable', ...options }: JournalFaultOptions = {}) {
    super(message, options)
    this.problemCode = problemCode
  }
}
