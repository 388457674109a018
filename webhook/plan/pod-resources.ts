import { copyOf, ensureObject, type JsonObject, objectAt } from './json.ts'
import type { Draft } from './outcome.ts'
import { appContainers, isInjected, POD_PATH, podOf } from './pod.ts'
import { milliOf, quantityOf } from './quantity.ts'
import type { PlanSettings, PodResources } from './settings.ts'

/** Of those that a Pod may ask for as a whole, what ours take. */
const NAMES = ['cpu', 'memory'] as const
type Name = (typeof NAMES)[number]

/** What is asked for all containers of the Pod together must hold ours as well, else the API server refuses the Job. */
export function makeRoomInPod(draft: Draft, { resources }: PlanSettings): void {
  // Then what stands there is raised already.
  if (isInjected(draft.job)) return
  const raised = withRoom(draft.job, resources)
  if (raised === undefined) return
  podOf(draft.job)['resources'] = raised
  draft.changes.push({
    code: 'pod_resources_raised',
    path: `${POD_PATH}.resources`,
    sentence: 'What the Pod asks for as a whole now holds our containers too, so that the app keeps what it asked for.',
  })
}

/** `resources` of the Pod with room for ours; undefined where it asks for nothing as a whole. */
export function withRoom(job: JsonObject, ours: PodResources): JsonObject | undefined {
  const given = objectAt(podOf(job), 'resources')
  const resources = copyOf(given)
  for (const name of NAMES) {
    const limit = objectAt(given, 'limits')[name]
    // Without a request the API server takes the containers' own, and the limit where they have none: ours have one.
    const request = objectAt(given, 'requests')[name] ?? (isAskedByApp(job, name) ? undefined : limit)
    const asked = ours.requests[name]
    const room = { issuer: asked, proxy: ours.limits[name] ?? asked }
    if (limit !== undefined) ensureObject(resources, 'limits')[name] = plus(limit, room)
    if (request !== undefined)
      ensureObject(resources, 'requests')[name] = plus(request, { issuer: asked, proxy: asked })
  }
  return JSON.stringify(resources) === JSON.stringify(given) ? undefined : resources
}

function isAskedByApp(job: JsonObject, name: Name): boolean {
  return appContainers(job).some(({ container }) =>
    ['requests', 'limits'].some((kind) => objectAt(container, 'resources', kind)[name] !== undefined),
  )
}

/** The issuer runs before the app and beside the proxy: it needs what the app leaves. What is no quantity stays. */
function plus(given: unknown, { issuer, proxy }: { readonly issuer: string; readonly proxy: string }): unknown {
  const [app, before, beside] = [milliOf(given), milliOf(issuer), milliOf(proxy)]
  if (app === undefined || before === undefined || beside === undefined) return given
  return quantityOf(Math.max(app, before) + beside)
}
