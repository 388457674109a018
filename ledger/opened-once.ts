import type { Log } from '../runtime/log.ts'
import type { Timers } from '../runtime/timers.ts'
import { StoreFault } from '../store/store.ts'

const PAUSE_MS = 1_000

/**
 * Opens a store once it answers. A cluster starts all its parts at once, and starts one that has ended again after ever
 * longer pauses, in which it would be away also when the store is back. What only a person can put right is not waited for.
 */
export async function openedOnceItAnswers<Opened>(
  open: () => Promise<Opened>,
  { timers, log }: { readonly timers: Timers; readonly log: Log },
): Promise<Opened> {
  for (;;) {
    try {
      return await open()
    } catch (fault) {
      if (!(fault instanceof StoreFault && fault.isTransient)) throw fault
      log.warn({ reason: fault.message }, 'the store does not answer yet; it is tried again until it does')
    }
    await timers.sleep(PAUSE_MS)
  }
}
