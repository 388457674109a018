import type { RunView } from '../contract/operators.ts'
import type { KubeDoors } from '../kube/mirror.ts'
import type { LedgerClient } from '../ledger/client.ts'
import type { Clock } from '../runtime/clock.ts'

const COMPONENT = 'jobcap'

export type EventDoors = KubeDoors & { readonly clock: Clock }

/** What a run came to, as an event on its Job: `kubectl describe job` shows it. A Job that is gone gets none. */
export async function announceEnd(
  { kube, clock, log }: EventDoors,
  ledger: LedgerClient,
  { run, job }: { readonly run: RunView; readonly job: RunView['jobs'][number] },
): Promise<void> {
  const { calls, replays, refused } = await countCalls(ledger, run.run)
  const { spent_usd, reserved_usd, usd_cap } = run.key
  const held = Number(reserved_usd) > 0 ? `, $${reserved_usd} still held for calls in doubt` : ''
  const cap = usd_cap === null ? 'no cap' : `a cap of $${usd_cap}`
  const isSpent = refused > 0
  const wayOn = isSpent
    ? ` The cap refused ${refused} calls; to go on, apply a Job with the annotations jobcap.dev/continues: ${job.uid} and a higher jobcap.dev/cap-usd.`
    : ''
  const message = `Spent $${spent_usd} of ${cap}${held}: ${calls} calls, ${replays} replays.${wayOn}`
  const path = `/apis/events.k8s.io/v1/namespaces/${run.namespace}/events`
  await kube
    .create(path, {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { generateName: `${job.name}-jobcap-`, namespace: run.namespace },
      eventTime: new Date(clock.nowMs()).toISOString().replace('Z', '000Z'),
      reportingController: 'jobcap.dev/manager',
      reportingInstance: COMPONENT,
      action: 'EndRun',
      type: isSpent ? 'Warning' : 'Normal',
      reason: isSpent ? 'CapExhausted' : 'RunEnded',
      note: message.slice(0, 1_024),
      regarding: { apiVersion: 'batch/v1', kind: 'Job', namespace: run.namespace, name: job.name, uid: job.uid },
    })
    .catch((fault) => log.warn({ err: fault, job: job.name }, 'the event of an ended Job was not written'))
}

interface Counts {
  readonly calls: number
  readonly replays: number
  /** By a spent cap. */
  readonly refused: number
}

async function countCalls(ledger: LedgerClient, run: string): Promise<Counts> {
  let [calls, replays, refused] = [0, 0, 0]
  for await (const event of ledger.audit({ run })) {
    if (event.event === 'call.settled') calls += 1
    if (event.event === 'call.replayed') replays += 1
    if (event.event === 'call.refused' && event.code === 'cap_exhausted') refused += 1
  }
  return { calls, replays, refused }
}
