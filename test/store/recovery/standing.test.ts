import { expect } from 'chai'
import { asHistoryId } from '../../../contract/ids.ts'
import type { Journal } from '../../../store/journal/journal.ts'
import { Barrier } from '../../../store/recovery/barrier.ts'
import type { JournalEntry } from '../../../store/recovery/entries.ts'
import type { GuardOptions, Recovery } from '../../../store/recovery/recovery.ts'
import { StandingSteps } from '../../../store/recovery/standing-steps.ts'
import { type KeyRow, StoreFault } from '../../../store/store.ts'

const OLD = asHistoryId('old')
const NEXT = asHistoryId('next')
const key = { keyId: 'key_1', runUid: 'run-1', version: 2 } as unknown as KeyRow

/** A guard in front of a store, whose history may be changed. */
function guard() {
  const written: JournalEntry[] = []
  const inner = { historyId: OLD, setLimits: async () => key, findRun: async (): Promise<undefined> => undefined }
  const journal = { write: async (entry: JournalEntry) => void written.push(entry), problem: () => undefined }
  const recovery = {
    keepMarked: async () => undefined,
    mustServe(history = inner.historyId) {
      if (history !== inner.historyId) throw new StoreFault('it has another history', { isTransient: true })
    },
  }
  const options = { inner, journal: journal as unknown as Journal } as unknown as GuardOptions
  const parts = { recovery: recovery as unknown as Recovery, barrier: new Barrier() }
  return { inner, written, ...new StandingSteps(options, parts) }
}

describe('what a journal is told of a key', () => {
  it('is the row that holds when its limits were set', async () => {
    const { steps, written } = guard()
    await steps.setLimits(key.keyId, { capUsdMicros: null })
    expect(written).to.deep.equal([{ kind: 'standing', key, run: null }])
  })

  it('is nothing that was read before a loss: beside what is set after it, it would have the same version', async () => {
    const { inner, steps, written } = guard()
    inner.findRun = async () => {
      inner.historyId = NEXT
    }
    const fault = await steps.setLimits(key.keyId, { capUsdMicros: null }).catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(StoreFault)
    expect(written).to.deep.equal([])
  })

  it('is told once, and again after a loss, which may have taken the version away and given it to another row', async () => {
    const { inner, steps, written } = guard()
    for (const historyId of [OLD, OLD, NEXT]) {
      inner.historyId = historyId
      await steps.setLimits(key.keyId, { capUsdMicros: null })
    }
    expect(written).to.have.length(2)
  })
})
