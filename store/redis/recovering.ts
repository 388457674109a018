import type { CallId } from '../../contract/ids.ts'
import type { JournalledCall, JournalledStanding, MergeAnswer } from '../store.ts'
import { runTagOf } from './layout.ts'
import { mergeArguments, policyOf, standingArguments } from './merging.ts'
import type { Places } from './places.ts'
import { MERGE } from './scripts/merge.ts'
import { MERGE_STANDING } from './scripts/merge-standing.ts'
import { RECORD_GIVEN_UP } from './scripts/now.ts'
import type { Steps } from './steps.ts'

/** Under the policy that its accounts name: the list of policies may be lost too. */
export async function mergeOn(steps: Steps, places: Places, call: JournalledCall): Promise<MergeAnswer> {
  const { runUid, callId } = call.row
  const policyName = policyOf(call.row) ?? (await places.ofCall(callId))?.policyName
  if (policyName === undefined) throw new Error(`the journal names ${callId}, but no policy that it counts in`)
  await places.prepare(policyName)
  const place = { policyName, runTag: runTagOf(runUid) }
  const reply = await steps.asked(MERGE, place, mergeArguments(call))
  const [status = '', id = '', isFrozen = ''] = reply.map(String)
  return status === 'absent' ? { status } : { status: 'merged', callId: id as CallId, isFrozen: isFrozen === '1' }
}

export async function mergeStandingOn(steps: Steps, places: Places, standing: JournalledStanding): Promise<void> {
  const { policyName, runUid } = standing.key
  await places.prepare(policyName)
  await steps.asked(MERGE_STANDING, { policyName, runTag: runTagOf(runUid) }, standingArguments(standing))
}

export async function recordGivenUpOn(steps: Steps, places: Places, replicaId: string): Promise<void> {
  for (const policyName of await places.policies()) {
    await steps.once(RECORD_GIVEN_UP, { policyName, runTag: '' }, { replicaId })
  }
}
