import { refusal } from '../../contract/refusals.ts'
import type { Judged, Judging } from './judging.ts'

/**
 * Rule 8: only the newest attempt of an index makes new calls. In a work queue no Pod follows another, so one whose place
 * went with the store's last writes asks on under keys that name its calls.
 */
export function refuseOldAttempt({ tables, request, scope, sidecar }: Judging): Judged | undefined {
  if (sidecar === null || !tables.rules.holds('newest_attempt_only')) return undefined
  const newest = tables.newestPod(scope)
  const isNamed = request.identity.key?.kind === 'named'
  if (newest === undefined && sidecar.pod.index === null && isNamed) return undefined
  if (newest?.podUid === sidecar.pod.podUid && newest.life === sidecar.pod.life) return undefined
  return { kind: 'refused', refusal: refusal('stale_attempt') }
}
