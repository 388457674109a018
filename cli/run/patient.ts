import { LedgerRefused } from '../../ledger/client.ts'
import type { Context } from '../command.ts'

/** A ledger that is started again, or whose store is being looked at, answers within seconds. */
const PATIENCE_MS = 60_000
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 2_000

/** Asks until the ledger answers. Rejects with the last fault when it has not for a minute, and at once with a refusal that a repeat does not change. */
export async function untilAnswered<Answer>(
  ask: () => Promise<Answer>,
  { clock, timers }: Pick<Context, 'clock' | 'timers'>,
): Promise<Answer> {
  const untilMs = clock.monotonicMs() + PATIENCE_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await ask()
    } catch (fault) {
      const isFinal = fault instanceof LedgerRefused && fault.status < 500
      if (isFinal || clock.monotonicMs() + pauseMs > untilMs) throw fault
      await timers.sleep(pauseMs)
    }
  }
}
