import { counted } from '../contract/counted.ts'
import type { RunDetailView } from '../contract/operators.ts'
import { REFUSALS, type RefusalCode } from '../contract/refusals.ts'
import { isConflict } from '../kube/api.ts'
import type { KubeDoors } from '../kube/mirror.ts'
import type { Clock } from '../runtime/clock.ts'
import { REASONS } from '../webhook/server.ts'

const COMPONENT = 'jobcap'
/** The API server takes no longer note. */
const LONGEST_NOTE = 1_024

export type EventDoors = KubeDoors & { readonly clock: Clock }

/** The Job that an event stands on. */
export interface Regarding {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** Why issuer or proxy ended a Pod, in the words that it left. */
export interface PodRefusal {
  readonly pod: string
  /** Undefined where nobody refused: no ledger, or no proxy, in time. */
  readonly code: RefusalCode | undefined
  readonly message: string
}

interface Said {
  /** Makes the event's name with the Job's UID: what is said twice stands there once. */
  readonly once: string
  readonly type: 'Normal' | 'Warning'
  /** `CapExhausted`, one word in camel case. */
  readonly reason: string
  readonly action: string
  readonly note: string
}

/** Writes an event on a Job: `kubectl describe job` shows it, also where the Job is gone by then. Never fails. */
export async function sayOnJob({ kube, clock, log }: EventDoors, job: Regarding, said: Said): Promise<void> {
  const { namespace, name, uid } = job
  const { once, note, ...rest } = said
  await kube
    .create(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `jobcap-${once}-${uid}`, namespace },
      eventTime: new Date(clock.nowMs()).toISOString().replace('Z', '000Z'),
      reportingController: 'jobcap.dev/manager',
      reportingInstance: COMPONENT,
      ...rest,
      note: note.slice(0, LONGEST_NOTE),
      regarding: { apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid },
    })
    .catch((fault) => {
      if (!isConflict(fault)) log.warn({ err: fault, job: name, reason: rest.reason }, 'an event was not written')
    })
}

/** What a run came to. */
export function endOfRun({ key, totals, jobs }: RunDetailView, jobUid: string): Said {
  const { spent_usd, reserved_usd, usd_cap } = key
  const held = Number(reserved_usd) > 0 ? `, $${reserved_usd} still held for calls in doubt` : ''
  const cap = usd_cap === null ? 'no cap' : `a cap of $${usd_cap}`
  const sums = `Spent $${spent_usd} of ${cap}${held}: ${counted(totals.call_count, 'call')}, ${counted(totals.replay_count, 'replay')}.`
  const refused = totals.refused_by_cap_count
  const event = { once: 'ended', action: 'EndRun' }
  if (refused === 0) return { ...event, type: 'Normal', reason: 'RunEnded', note: sums }
  return {
    ...event,
    type: 'Warning',
    reason: 'CapExhausted',
    note: `${sums} ${wayOn(refused, { jobUid, jobCount: jobs.length })}`,
  }
}

/** A cap has refused calls, and the Job goes on. */
export function spentWhileLiving({ key, totals, jobs }: RunDetailView, jobUid: string): Said {
  const cap = key.usd_cap === null ? 'no cap of its own' : `a cap of $${key.usd_cap}`
  const sums = `The Job goes on after a spent cap: $${key.spent_usd} spent of ${cap}.`
  const refused = totals.refused_by_cap_count
  const note = `${sums} ${wayOn(refused, { jobUid, jobCount: jobs.length })} Until then the app is refused; it ends by itself, or by the Job's activeDeadlineSeconds.`
  return { once: 'capspent', action: 'RefuseCalls', type: 'Warning', reason: 'CapSpent', note }
}

/** Why admission left a Job alone. */
export function skippedJob(code: string): Said {
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code as keyof typeof REASONS] : undefined
  const why = reason === undefined ? code : `${reason.summary} ${reason.wayOut}`
  return { once: 'skipped', action: 'Admit', type: 'Normal', reason: 'NotCapped', note: `Left alone (${code}): ${why}` }
}

/** Why Pods of a living or failed Job were ended by our own containers. */
export function refusedPods({ pod, code, message }: PodRefusal): Said {
  const event = { action: 'EndPod', type: 'Warning', reason: 'PodRefused' } as const
  if (code === undefined) return { ...event, once: 'refused', note: `Pod ${pod}: ${message}` }
  const { wayOut } = REFUSALS[code]
  const further = message.includes(wayOut) || wayOut.startsWith('Nothing') ? '' : ` ${wayOut}`
  return { ...event, once: `refused-${code.replaceAll('_', '-')}`, note: `Pod ${pod} (${code}): ${message}${further}` }
}

/** How a run goes on that a cap has refused: its own, or one of a day. The refusal itself says which. */
function wayOn(refused: number, { jobUid, jobCount }: { readonly jobUid: string; readonly jobCount: number }): string {
  // They are counted for the run, whichever of its Jobs they were refused to.
  const whose =
    jobCount > 1 ? ` in the ${jobCount} Jobs of this run together. If this Job was refused any` : '. To go on'
  return `A cap refused ${counted(refused, 'call')}${whose}, apply a Job with the annotation jobcap.dev/continues: ${jobUid}, and a higher jobcap.dev/cap-usd if it was the run's own cap; one of a day, which the refusal then names, must have room again first. What was charged is replayed, the rest goes through.`
}
