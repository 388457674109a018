import { refusal } from '../../contract/refusals.ts'
import type { Judged, Judging } from './judging.ts'

/**
 * Rule 8: only the newest attempt of an index makes new calls. A Pod whose place went with what the store lost gets one
 * again by renewing its credential, which is asked of the platform too: nobody else may have taken over.
 */
export function refuseOldAttempt({ tables, scope, sidecar }: Judging): Judged | undefined {
  if (sidecar === null || !tables.rules.holds('newest_attempt_only')) return undefined
  const { podUid, life } = sidecar.pod
  const newest = tables.newestPod(scope)
  if (newest?.podUid === podUid && newest.life === life) return undefined
  const own = tables.pod(podUid)
  const isLost = own === undefined || own.life < life
  return { kind: 'refused', refusal: refusal(isLost ? 'credential_expired' : 'stale_attempt') }
}
