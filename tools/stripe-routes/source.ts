import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What changes something at Stripe, by one source. */
export interface RouteSource {
  readonly version: string
  /** Sorted, without doubles. */
  readonly routes: readonly string[]
  /** v1 and v2; the OpenAPI description has v1 alone. */
  readonly isWhole: boolean
}

const MUTATING = ['POST', 'DELETE', 'PUT', 'PATCH']

/** `where`: the folder of a `stripe` package, or an OpenAPI description as JSON. */
export function readSource(where: string): RouteSource {
  return statSync(where).isDirectory() ? readPackage(where) : readOpenApi(where)
}

/** Every request that stripe-node can make; throws when one is written in a way that is not understood. */
function readPackage(folder: string): RouteSource {
  const text = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  const { version } = JSON.parse(text('package.json')) as { version: string }
  const routes = globSync(join(folder, 'esm/resources/**/*.js')).flatMap((file) => routesOfResource(file))
  if (routes.length === 0) throw new Error(`${folder} is not a stripe package whose resources are under esm/resources`)
  return { version: `stripe ${version} (${text('OPENAPI_VERSION')})`, routes: mutating(routes), isWhole: true }
}

function routesOfResource(file: string): string[] {
  const [, ...requests] = readFileSync(file, 'utf8').split('this._makeRequest(')
  return requests.flatMap((request) => {
    // A read may take its path from an event.
    if (/^\s*'GET'/.test(request)) return []
    const written = /^\s*'([A-Z]+)',\s*(?:'([^']+)'|`([^`]+)`)/.exec(request)
    if (written === null) throw new Error(`${file}: a request that is not understood: ${request.slice(0, 80)}`)
    const [, method, plain, template] = written
    return [`${method} ${(plain ?? template ?? '').replaceAll(/\$\{[^}]+\}/g, '*')}`]
  })
}

function readOpenApi(file: string): RouteSource {
  const { info, paths } = JSON.parse(readFileSync(file, 'utf8')) as {
    info: { version: string }
    paths: Record<string, Record<string, unknown>>
  }
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '*')}`),
  )
  return { version: `OpenAPI ${info.version}`, routes: mutating(routes), isWhole: false }
}

function mutating(routes: readonly string[]): string[] {
  return [...new Set(routes.filter((route) => MUTATING.includes(route.split(' ')[0] ?? '')))].sort()
}
