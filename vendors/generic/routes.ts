import { routeMatches } from '../../contract/route-pattern.ts'
import type { CallText } from '../../contract/vendor.ts'

/**
 * The first declared route that names the call; HEAD counts as GET. `ambiguous`: only letter case or a slash at the end
 * keep it from being one, or an earlier one, and many servers do not mind those.
 */
export function findRoute<Route extends { readonly match: string }>(
  routes: readonly Route[],
  { method, path }: CallText,
): Route | 'ambiguous' | undefined {
  const methods = method === 'HEAD' ? ['HEAD', 'GET'] : [method]
  const exact = routes.find(({ match }) => methods.some((asked) => routeMatches(match, asked, path)))
  const folded = foldCase(path)
  const near = routes.find(({ match }) => methods.some((asked) => routeMatches(foldMatch(match), asked, folded)))
  return near === exact ? exact : 'ambiguous'
}

function foldMatch(match: string): string {
  const [method = '', path = ''] = match.split(' ')
  return `${method} ${foldCase(path)}`
}

function foldCase(path: string): string {
  return path.toLowerCase().replace(/(?<=.)\/$/, '')
}
