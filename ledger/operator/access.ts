import { asKeyId, asRunUid } from '../../contract/ids.ts'
import {
  AUDIT_ROUTE,
  CALLS_ROUTE,
  JOURNALS_ROUTE,
  KEYS_ROUTE,
  OPEN_CAPS_ROUTE,
  POLICIES_ROUTE,
  RUNS_ROUTE,
} from '../../contract/routes.ts'
import type { Store } from '../../store/store.ts'

/** What an operator wants to do, in the words of Kubernetes' RBAC on `jobcap.dev`. */
export interface Access {
  readonly verb: 'get' | 'list' | 'create' | 'update' | 'delete'
  readonly resource: 'keys' | 'runs' | 'calls' | 'caps' | 'audit' | 'journals' | 'cappolicies'
  /** Of the run that is asked about; null: of all. */
  readonly namespace: string | null
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

const RESOURCES = [
  { route: KEYS_ROUTE, resource: 'keys' },
  { route: RUNS_ROUTE, resource: 'runs' },
  { route: CALLS_ROUTE, resource: 'calls' },
  { route: OPEN_CAPS_ROUTE, resource: 'caps' },
  { route: AUDIT_ROUTE, resource: 'audit' },
  { route: JOURNALS_ROUTE, resource: 'journals' },
  { route: POLICIES_ROUTE, resource: 'cappolicies' },
] as const

/** Undefined: no route of operators. */
export async function accessOf(store: Store, { method, path, query }: Asked): Promise<Access | undefined> {
  const found = RESOURCES.find(({ route }) => path === route || path.startsWith(`${route}/`))
  if (found === undefined) return undefined
  const { route, resource } = found
  const name = path.slice(route.length + 1).split('/', 1)[0] ?? ''
  return { verb: verbOf(method, name), resource, namespace: await namespaceOf(store, { resource, name, query }) }
}

function verbOf(method: string, name: string): Access['verb'] {
  switch (method) {
    case 'DELETE':
      return 'delete'
    case 'PATCH':
      return 'update'
    case 'POST':
      return name === '' ? 'create' : 'update'
    default:
      return name === '' ? 'list' : 'get'
  }
}

/** What cannot be traced to one namespace needs the right for all of them. */
async function namespaceOf(
  store: Store,
  {
    resource,
    name,
    query,
  }: { readonly resource: Access['resource']; readonly name: string; readonly query: URLSearchParams },
): Promise<string | null> {
  switch (resource) {
    case 'runs':
      if (name === '') return query.get('namespace')
      return (await store.findRun(asRunUid(name)))?.namespace ?? null
    case 'keys': {
      if (name === '') return null
      const key = await store.findKey(asKeyId(name))
      return key === undefined ? null : ((await store.findRun(key.runUid))?.namespace ?? null)
    }
    case 'audit': {
      const run = query.get('run')
      return run === null ? null : ((await store.findRun(asRunUid(run)))?.namespace ?? null)
    }
    case 'calls':
    case 'caps':
    case 'journals':
    case 'cappolicies':
      return null
  }
}
