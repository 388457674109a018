// Loaded by mocha before the tests: the same sources are started more than a thousand times, and compiling them is half
// of what a start costs. What Node compiled is kept, for this process and all that inherit its environment; a source
// that changed is compiled again.
import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'

export const COMPILE_CACHE = resolve('node_modules/.cache/compiled')

enableCompileCache(COMPILE_CACHE)
process.env['NODE_COMPILE_CACHE'] = COMPILE_CACHE
