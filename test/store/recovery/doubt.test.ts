import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asHistoryId } from '../../../contract/ids.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { systemTimers } from '../../../runtime/timers.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import { openJournal } from '../../../store/journal/journal.ts'
import { Guard } from '../../../store/recovery/guard.ts'
import type { DistributedStore, RegistryState } from '../../../store/recovery/registry.ts'
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

describe('a doubt about the store', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doubt-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('that comes while a replica begins to serve is looked into before it serves', async () => {
    const steps: string[] = []
    let tell: (why: string) => void = () => {}
    const registry = {
      async read() {
        steps.push('read')
        return WHOLE
      },
      async enter() {
        steps.push('enter')
        if (steps.length === 2) tell('the connection broke')
      },
      async leave() {},
      async noted() {},
    }
    const inner = {
      historyId,
      registry,
      adopt() {},
      async close() {},
      problem: () => undefined,
      onDoubt(told: typeof tell) {
        tell = told
      },
    } as unknown as DistributedStore
    const journal = await openJournal({
      disk: await openFileDisk(folder),
      log: SILENT,
      keeping: { resolved: async () => [], notesDrop: async () => undefined },
    })
    const clock = { nowMs: Date.now, monotonicMs: () => performance.now() }
    const doors = { clock, random: systemRandom, timers: systemTimers, log: SILENT }
    const guard = new Guard({ ...doors, inner, journal, replicaId: 'a', lastHistoryId: null })
    await guard.start()
    expect(steps).to.deep.equal(['read', 'enter', 'read', 'enter'])
    expect(guard.problem()).to.equal(undefined)
    await guard.end(true)
  })
})
