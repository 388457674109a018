import type { Metafile } from 'esbuild'

/** What a Pod must not carry: schemas, servers and clients it does not need, and prices. */
const NOT_IN_A_POD =
  /(^|\/)node_modules\/(zod|express|undici|yaml|better-sqlite3|pino)\/|\.schema\.ts$|^vendors\/.*cost[^/]*\.ts$/

/** The inputs of a bundle that have no business in a user's Pod. */
export function notInAPod(metafile: Metafile): string[] {
  return Object.keys(metafile.inputs).filter((input) => NOT_IN_A_POD.test(input))
}
