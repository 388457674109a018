import type { Pod } from './pod.ts'

/** Facts that are not handed in by then go with the next Pod's ambiguity. */
const HAND_IN_MS = 5_000
/** The apps have ended, so what they have read shows in the next looks at their sockets, or never. A look may be slow on a busy node. */
const LAST_EVIDENCE_MS = 2_000

/**
 * SIGTERM: what the apps have read is handed in first, then calls in flight may end, then what was read of those. Resolves
 * to the exit code: 93 while the run is known to be refused, else 0.
 */
export async function farewell(pod: Pod, drainMs: number): Promise<number> {
  pod.reports.stop()
  pod.credentials.stop()
  await handIn(pod)
  await within(pod, drainMs, async () => {
    while (pod.gate.inside > 0) await pod.nextChange()
  })
  pod.seekAllEvidence()
  await within(pod, LAST_EVIDENCE_MS, async () => {
    while (pod.unread.size > 0) await pod.nextChange()
  })
  await handIn(pod)
  return pod.refusals.exitCode
}

function handIn(pod: Pod): Promise<void> {
  return within(pod, HAND_IN_MS, async () => {
    try {
      await pod.reports.handIn()
    } catch (fault) {
      pod.effects.log.warn({ reason: String(fault) }, 'the last seen facts could not be handed in')
    }
  })
}

async function within(pod: Pod, limitMs: number, work: () => Promise<void>): Promise<void> {
  let cancel = () => {}
  const late = new Promise<void>((resolve) => {
    cancel = pod.effects.timers.after(limitMs, resolve)
  })
  await Promise.race([work(), late])
  cancel()
}
