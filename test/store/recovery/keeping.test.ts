import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asCallId } from '../../../contract/ids.ts'
import type { Guard } from '../../../store/recovery/guard.ts'
import type { CallRow, KeyRow } from '../../../store/store.ts'
import { guardOverWhole } from './whole-store.ts'

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
    const opened = await guardOverWhole(folder, {
      registry: {
        enter: async ({ droppedSegment }, { witness }) => void entered.push([droppedSegment, witness]),
      },
      findCall: async (callId) => (STATES[callId] === undefined ? undefined : ({ state: STATES[callId] } as CallRow)),
      findKey: async (keyId) => ({ retention: keyId }) as unknown as KeyRow,
    })
    guard = opened.guard
    doubt = opened.doubt
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
