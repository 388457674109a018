import { type Refusal, refusal } from '../../contract/refusals.ts'
import { remembered } from '../../contract/remembered.ts'
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
  const at = placesOf(routes)(`${method} ${path}`)
  return typeof at === 'number' ? routes[at] : at
}

type Place = number | 'ambiguous' | undefined

/** For the routes of a policy, which stay while it is in force: where among them is the one that an endpoint names. */
const PLACES = new WeakMap<readonly { readonly match: string }[], (endpoint: string) => Place>()

function placesOf(routes: readonly { readonly match: string }[]): (endpoint: string) => Place {
  const known = PLACES.get(routes)
  if (known !== undefined) return known
  const find = remembered((endpoint) => {
    const at = endpoint.indexOf(' ')
    return placeOf(routes, endpoint.slice(0, at), endpoint.slice(at + 1))
  })
  PLACES.set(routes, find)
  return find
}

/** Where `findRoute` says so: what to write instead, or to declare. */
export function routeAmbiguous(call: CallText, routes: readonly { readonly match: string }[]): Refusal {
  const { method, path } = call
  const declared = routes.at(nearOf(routes, methodsOf(method), path))?.match ?? ''
  return refusal(
    'path_ambiguous',
    `Only letter case or a slash at the end tells ${method} ${path} from the declared route \`${declared}\`: ` +
      'write it as declared, or have the policy declare it so.',
  )
}

function placeOf(routes: readonly { readonly match: string }[], method: string, path: string): Place {
  const methods = methodsOf(method)
  const exact = routes.findIndex(({ match }) => methods.some((asked) => routeMatches(match, asked, path)))
  const near = nearOf(routes, methods, path)
  if (near !== exact) return 'ambiguous'
  return exact < 0 ? undefined : exact
}

function methodsOf(method: string): readonly string[] {
  return method === 'HEAD' ? ['HEAD', 'GET'] : [method]
}

/** But for letter case and a slash at the end; -1 where there is none. */
function nearOf(routes: readonly { readonly match: string }[], methods: readonly string[], path: string): number {
  const folded = foldCase(path)
  return routes.findIndex(({ match }) => methods.some((asked) => routeMatches(foldMatch(match), asked, folded)))
}

function foldMatch(match: string): string {
  const [method = '', path = ''] = match.split(' ')
  return `${method} ${foldCase(path)}`
}

function foldCase(path: string): string {
  return path.toLowerCase().replace(/(?<=.)\/$/, '')
}
