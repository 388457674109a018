import { COUNTING_PATHS } from './counting.ts'
import { withoutVersion } from './path.ts'

/** What is kept, by an id, for later calls: those pay for its tokens when they read it. As of openai-node 7.57. */
const FREE_CHANGES = [
  /^POST \/responses\/ID\/cancel$/,
  /^DELETE \/responses\/ID$/,
  /^(POST|DELETE) \/chat\/completions\/ID$/,
  /^POST \/conversations$/,
  /^(POST|DELETE) \/conversations\/ID$/,
  /^POST \/conversations\/ID\/items$/,
  /^DELETE \/conversations\/ID\/items\/ID$/,
].map(({ source }) => new RegExp(source.replaceAll('ID', '[A-Za-z0-9_-]{1,200}')))

/** Free to ask of OpenAI, though its method is none of a read. */
export function isFreeRoute({ method, path }: { readonly method: string; readonly path: string }): boolean {
  const end = withoutVersion(path)
  if (method === 'POST' && COUNTING_PATHS.includes(end)) return true
  return FREE_CHANGES.some((route) => route.test(`${method} ${end}`))
}
