import type { KubeApi } from './api.ts'
import type { KubeList } from './objects.ts'

const PAGE = 500

/** All objects of a list, read page by page; none where the API server has no such list. `path` has no query. */
export async function listAll<Kind>(kube: KubeApi, path: string, query = ''): Promise<readonly Kind[]> {
  const found: Kind[] = []
  let from = ''
  do {
    const page = await kube.get<KubeList<Kind>>(`${path}?limit=${PAGE}${query}&continue=${encodeURIComponent(from)}`)
    found.push(...(page?.items ?? []))
    from = page?.metadata.continue ?? ''
  } while (from !== '')
  return found
}
