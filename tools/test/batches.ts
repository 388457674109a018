/** Test folders whose Pods share 127.0.0.1:8080 of a machine without namespaces, and dist/: one after another. */
const TOGETHER = ['cli', 'local', 'run', 'setup']

/** Files that alone take longer than most folders. */
const ALONE = [
  'test/matrix/redis.test.ts',
  'test/matrix/sqlite.test.ts',
  'test/matrix/replicas.test.ts',
  'test/store/across-vendors.test.ts',
]

/** What takes longest, so that it does not begin last; the rest follow in the order of their names. */
const FIRST = ['cli', ...ALONE, 'ledger', 'kubernetes', 'path', 'store', 'house']

export interface Batch {
  readonly name: string
  readonly files: readonly string[]
}

/**
 * Test files as the processes that run them: a folder each, so that what its files import is loaded once. They may run
 * at the same time, in this order.
 */
export function batchesOf(files: readonly string[]): Batch[] {
  const batches = new Map<string, string[]>()
  for (const file of files.toSorted()) {
    const folder = /^test\/([^/]+)\//.exec(file)?.[1] ?? '.'
    const name = ALONE.includes(file) ? file : TOGETHER.includes(folder) ? (TOGETHER[0] ?? folder) : folder
    batches.set(name, [...(batches.get(name) ?? []), file])
  }
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
  return [...batches]
    .map(([name, itsFiles]) => ({ name, files: itsFiles }))
    .toSorted((one, other) => rank(one.name) - rank(other.name))
}
