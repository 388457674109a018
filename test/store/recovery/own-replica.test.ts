import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asHistoryId } from '../../../contract/ids.ts'
import { systemRandom } from '../../../runtime/random.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import { type Journal, openJournal } from '../../../store/journal/journal.ts'
import { OwnReplica } from '../../../store/recovery/own-replica.ts'
import type { Registry, RegistryState, ReplicaCard } from '../../../store/recovery/registry.ts'
import { SILENT } from '../stage.ts'
import { WHOLE } from './whole-store.ts'

const H = asHistoryId('h')

describe('the mark in journal and card, by which a replica knows that it is not a copy', () => {
  let folder: string
  let journal: Journal
  let own: OwnReplica
  let cards: ReplicaCard[]
  let marksFound: (string | undefined)[]
  let passedMs: number

  const keeping = { resolved: async () => [], notesDrop: async () => undefined }
  const openReplica = async () => {
    journal = await openJournal({ disk: await openFileDisk(folder), log: SILENT, keeping })
    const registry = {
      enter: async (card, { mark }) => {
        cards.push(card)
        marksFound.push(mark)
      },
    } as Partial<Registry> as Registry
    const name = { id: 'a', renew: () => undefined }
    const clock = { nowMs: () => passedMs, monotonicMs: () => passedMs }
    own = new OwnReplica({ name, registry, journal, clock, random: systemRandom, log: SILENT, historyId: H })
  }
  const registered = (): RegistryState => ({ ...WHOLE, replicas: cards.slice(-1) })
  const isCopy = async (state: RegistryState) => (await own.state(state, own.mark)).isCopy

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'own-replica-'))
    cards = []
    marksFound = []
    passedMs = 1
    await openReplica()
    await own.enter(WHOLE, H)
  })
  afterEach(async () => {
    await journal.close()
    rmSync(folder, { recursive: true })
  })

  it('is in the journal before it is in the card, so that one that is killed in between is still itself', async () => {
    const entries = await journal.entries()
    expect(entries).to.deep.equal([{ kind: 'mark', mark: cards[0]?.mark }])
    await journal.close()
    await openReplica()
    expect(await isCopy({ ...WHOLE, replicas: cards })).to.equal(false)
  })

  it('is renewed before what is written, five seconds after the last one, and once for all that is written then', async () => {
    await own.keepMarked('run 1')
    expect(cards).to.have.length(1)
    passedMs += 5_000
    await Promise.all([own.keepMarked('run 1'), own.keepMarked('run 1')])
    await own.keepMarked('run 1')
    expect(marksFound).to.deep.equal([undefined, cards[0]?.mark])
    expect(cards[1]?.mark).not.to.equal(cards[0]?.mark)
    expect((await journal.entries()).at(-1)).to.deep.equal({ kind: 'mark', mark: cards[1]?.mark })
  })

  it('of a store that went back is an older one of this journal; one that the journal never had is another process’', async () => {
    passedMs += 5_000
    await own.keepMarked('run 1')
    expect(await isCopy({ ...WHOLE, replicas: cards.slice(0, 1) })).to.equal(false)
    const another = { replicaId: 'a', historyId: H, droppedSegment: 0, mark: 'another' }
    expect(await isCopy({ ...WHOLE, replicas: [another] })).to.equal(true)
    expect(await isCopy({ ...WHOLE, left: [another] }), 'that has signed off').to.equal(true)
    expect(await isCopy({ ...WHOLE, replicas: [{ ...another, replicaId: 'b' }] }), 'of another').to.equal(false)
  })

  it('an older one shows that the store went back', async () => {
    const wasPutBack = async (state: RegistryState, before = own.mark) => (await own.state(state, before)).wasPutBack
    const [first, firstMark] = [registered(), own.mark]
    expect(await wasPutBack(first)).to.equal(false)
    passedMs += 5_000
    await own.keepMarked('run 1')
    expect([await wasPutBack(first), await wasPutBack(registered())]).to.deep.equal([true, false])
    expect(await wasPutBack(registered(), firstMark), 'a newer one was taken meanwhile').to.equal(false)
    expect(await wasPutBack(WHOLE), 'it does not know of us at all').to.equal(true)
  })

  it('an older one, or none, is found after a start where something stands in the journal that only follows a card that was taken', async () => {
    const first = registered()
    passedMs += 5_000
    await own.keepMarked('run 1')
    const last = registered()
    const afterStart = async () => {
      await journal.close()
      await openReplica()
      const found = await Promise.all([WHOLE, first, last].map((state) => own.state(state, own.mark)))
      return found.map(({ wasPutBack }) => wasPutBack)
    }
    expect(await afterStart()).to.deep.equal([false, false, false])
    await journal.write({ kind: 'served', history: H })
    expect(await afterStart(), 'also where it does not know of us at all').to.deep.equal([true, true, false])
  })

  it('a card that is written while a segment is about to go says that it goes', async () => {
    await own.noteDrop(1, { historyId: H, run: 'run 1' })
    await own.enter(registered(), H)
    expect(cards.map(({ droppedSegment }) => droppedSegment)).to.deep.equal([0, 1, 1])
    expect(marksFound[1]).to.equal(cards[0]?.mark)
  })
})
