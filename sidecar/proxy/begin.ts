import { type Refusal, refusal } from '../../contract/refusals.ts'
import { LedgerUnreachable } from '../ledger-link.ts'
import type { Pod } from './pod.ts'

/** How long `/_jobcap/begin` waits for calls and evidence before it is refused. */
const BEGIN_WAIT_MS = 10_000

/**
 * `POST /_jobcap/begin`: a new walk of the app through its work, that is a new life of the Pod. No call is out and no
 * evidence is pending when it begins, and calls that arrive meanwhile belong to it.
 */
export async function begin(pod: Pod): Promise<Refusal | { readonly life: number }> {
  if (!pod.gate.shut()) return refusal('begin_too_early', 'Another begin is under way.')
  try {
    if (!(await untilQuiet(pod))) return refusal('begin_too_early')
    await pod.reports.handIn()
    const refused = await pod.credentials.begin()
    if (refused !== null) return refused
    const { life } = pod.credentials.current
    pod.deliveries.beginLife(life)
    return { life }
  } catch (fault) {
    if (!(fault instanceof LedgerUnreachable)) throw fault
    return refusal('ledger_unreachable')
  } finally {
    pod.gate.reopen()
  }
}

async function untilQuiet(pod: Pod): Promise<boolean> {
  let cancel = () => {}
  const late = new Promise<'late'>((resolve) => {
    cancel = pod.effects.timers.after(BEGIN_WAIT_MS, () => resolve('late'))
  })
  try {
    pod.queues.wake()
    while (pod.gate.inside > 0 || pod.unread.size > 0) {
      if ((await Promise.race([pod.nextChange(), late])) === 'late') return false
      pod.queues.wake()
    }
    return true
  } finally {
    cancel()
  }
}
