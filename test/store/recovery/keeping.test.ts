import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asCallId, asHistoryId } from '../../../contract/ids.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import { openJournal } from '../../../store/journal/journal.ts'
import { Guard } from '../../../store/recovery/guard.ts'
import type { DistributedStore, RegistryState, ReplicaCard } from '../../../store/recovery/registry.ts'
import type { CallRow } from '../../../store/store.ts'
import { SILENT } from '../stage.ts'

const historyId = asHistoryId('1'.padStart(16, '0'))
const WHOLE: RegistryState = {
  historyId,
  witness: { written: 'run 1', now: 'run 1' },
  strays: [],
  recovery: null,
  replicas: [],
  left: [],
  givenUp: [],
}
const STATES: Readonly<Record<string, CallRow['state']>> = {
  settled: 'settled',
  released: 'released',
  sent: 'sent',
  'in doubt': 'in_doubt',
}

describe('what is asked before a segment of a journal goes', () => {
  let folder: string
  let guard: Guard
  let doubt: (why: string) => void
  const entered: (readonly [droppedSegment: number, witness: string])[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keeping-'))
    entered.length = 0
    const registry = {
      read: async () => WHOLE,
      enter: async ({ droppedSegment }: ReplicaCard, witness: string) => void entered.push([droppedSegment, witness]),
      async leave() {},
      async noted() {},
    }
    const inner = {
      historyId,
      registry,
      adopt() {},
      async close() {},
      problem: () => undefined,
      onDoubt(told: typeof doubt) {
        doubt = told
      },
      findCall: async (callId: string) => (STATES[callId] === undefined ? undefined : { state: STATES[callId] }),
      findKey: async (keyId: string) => ({ retention: keyId }),
    } as unknown as DistributedStore
    const keeping = { resolved: async () => [], notesDrop: async () => undefined }
    const journal = await openJournal({ disk: await openFileDisk(folder), log: SILENT, keeping })
    const clock = { nowMs: Date.now, monotonicMs: () => performance.now() }
    const doors = { clock, random: systemRandom, timers: systemTimers, log: SILENT }
    guard = new Guard({ ...doors, inner, journal, replicaId: 'a', lastHistoryId: null })
    await guard.start()
  })
  afterEach(async () => {
    await guard.end(false)
    rmSync(folder, { recursive: true })
  })

  it('its number is noted in the run of the server that is known to be whole', async () => {
    await guard.keeping.notesDrop(7)
    expect(entered).to.deep.equal([
      [0, 'run 1'],
      [7, 'run 1'],
    ])
  })

  it('while the store may have lost something nothing goes, and no call counts as over', async () => {
    doubt('the connection broke')
    const refused = async (asked: Promise<unknown>) => (await asked.catch((fault: Error) => fault.message)) as string
    expect(await refused(guard.keeping.notesDrop(7))).to.include('may have lost something')
    expect(await refused(guard.keeping.resolved([]))).to.include('may have lost something')
    expect(entered.map(([droppedSegment]) => droppedSegment)).not.to.include(7)
  })

  it('calls are over that the store says are, or whose records were kept as long as they had to be', async () => {
    const row = (callId: string, keyId: string) => ({ callId: asCallId(callId), keyId }) as unknown as CallRow
    const names = ['settled', 'released', 'sent', 'in doubt', 'unknown']
    const rows = [...names.map((name) => row(name, 'kept')), row('pruned', 'pruned')]
    expect(await guard.keeping.resolved(rows)).to.have.members(['settled', 'released', 'pruned'])
  })
})
