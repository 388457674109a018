import { refusal } from '../../contract/refusals.ts'
import type { Judged, Judging } from './judging.ts'

/** Rule 8: only the newest attempt of an index makes new calls. */
export function refuseOldAttempt({ tables, scope, sidecar }: Judging): Judged | undefined {
  if (sidecar === null || !tables.rules.holds('newest_attempt_only')) return undefined
  const newest = tables.newestPod(scope)
  if (newest?.podUid === sidecar.pod.podUid && newest.life === sidecar.pod.life) return undefined
  return { kind: 'refused', refusal: refusal('stale_attempt') }
}
