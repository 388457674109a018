import { type Journal, type JournalOptions, openJournal } from '../journal/journal.ts'
import { Guard } from './guard.ts'
import type { GuardOptions } from './recovery.ts'

export type OpenGuardOptions = Omit<GuardOptions, 'journal' | 'lastHistoryId'> & Omit<JournalOptions, 'keeping'>

/**
 * The journal on this disk, and what stands guard over the store with it, not started yet. Each needs the other: the guard
 * says what the journal may let go. Rejects with `JournalFault`.
 */
export async function openGuard(options: OpenGuardOptions): Promise<{ guard: Guard; journal: Journal }> {
  const journal = await openJournal({
    ...options,
    keeping: {
      resolved: (calls) => guard.keeping.resolved(calls),
      notesDrop: (segment) => guard.keeping.notesDrop(segment),
    },
  })
  const served = (await journal.entries()).findLast((entry) => entry.kind === 'served')
  const guard: Guard = new Guard({ ...options, journal, lastHistoryId: served?.history ?? null })
  return { guard, journal }
}
