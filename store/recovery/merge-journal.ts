import { fewAtOnce } from '../../runtime/few-at-once.ts'
import type { Log } from '../../runtime/log.ts'
import type { Journal } from '../journal/journal.ts'
import { StoreFault } from '../store.ts'
import { journalledCalls } from './journalled-calls.ts'
import type { DistributedStore } from './registry.ts'

/** All that a journal says is put where the store has lost it. Keys first: the levels of their calls are judged by their limits. */
export async function mergeJournal(inner: DistributedStore, journal: Journal, log: Log): Promise<void> {
  const entries = await journal.entries()
  const standings = entries.filter((entry) => entry.kind === 'standing')
  await fewAtOnce(standings, ({ key, run }) => inner.mergeStanding({ key, run }))
  const endedJobs = entries.filter((entry) => entry.kind === 'ended_job')
  await fewAtOnce(endedJobs, async ({ runUid, jobUid }) => void (await inner.endJob(runUid, jobUid)))
  const calls = journalledCalls(entries)
  let frozen = 0
  await fewAtOnce(calls, async (call) => {
    const answer = await inner.merge(call)
    if (answer.status === 'merged' && answer.isFrozen) frozen += 1
  })
  log.info({ standings: standings.length, calls: calls.length, frozen }, 'the journal is merged into the store')
}

/** What an earlier process of this replica had written down and may not have told the store. */
export async function tellOutcomes(inner: DistributedStore, journal: Journal, log: Log): Promise<void> {
  const outcomes = (await journal.entries()).filter((entry) => entry.kind === 'outcome')
  await fewAtOnce(outcomes, async ({ send, outcome }) => {
    await inner.report({ ...send, outcome, handTo: null }).catch((fault: unknown) => {
      if (fault instanceof StoreFault) throw fault
      log.debug({ callId: send.callId }, 'an outcome is of a call whose record has been pruned')
    })
  })
}
