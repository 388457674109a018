import type { Log } from '../../runtime/log.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { ReportAnswer, SendReport, Store } from '../../store/store.ts'

const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000

/** What became of sends, told to the store. */
export interface Reports {
  /**
   * Undefined when the store could not take it: the report is then repeated in the background, since a report is right
   * however late it comes, and the vendor's answer must not wait for our disk.
   */
  give(report: SendReport): Promise<ReportAnswer | undefined>
  /** Resolves when none is left over, or after `limitMs`; says how many are. */
  flush(limitMs: number): Promise<number>
}

export function createReports({ store, timers, log }: { store: Store; timers: Timers; log: Log }): Reports {
  const leftOver = new Set<Promise<void>>()

  async function repeat(report: SendReport): Promise<void> {
    for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      await timers.sleep(waitMs)
      try {
        await store.report(report)
        log.info({ callId: report.callId }, 'a left-over report was taken by the store')
        return
      } catch (fault) {
        log.error({ err: fault, callId: report.callId }, 'the store still does not take a report')
      }
    }
  }

  return {
    async give(report) {
      try {
        return await store.report(report)
      } catch (fault) {
        log.error({ err: fault, callId: report.callId }, 'the store did not take a report; it is repeated')
        const repeated: Promise<void> = repeat(report).finally(() => leftOver.delete(repeated))
        leftOver.add(repeated)
        return undefined
      }
    },
    async flush(limitMs) {
      if (leftOver.size > 0) await Promise.race([Promise.allSettled([...leftOver]), timers.sleep(limitMs)])
      return leftOver.size
    },
  }
}
