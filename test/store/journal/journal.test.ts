import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { asHistoryId, type CallId } from '../../../contract/ids.ts'
import { type JournalDisk, JournalFault } from '../../../store/journal/disk.ts'
import { openFileDisk } from '../../../store/journal/file-disk.ts'
import { type Journal, type JournalKeeping, type JournalOptions, openJournal } from '../../../store/journal/journal.ts'
import type { JournalEntry } from '../../../store/recovery/entries.ts'
import { skip } from '../../../tools/test/skip.ts'
import { Folder, whyNoMount } from '../sqlite/files.ts'
import { definite, inMemory, SILENT, Stage } from '../stage.ts'

/** A store that is asked about its calls and knows nothing of them. */
const KEEPING = { resolved: async () => [], notesDrop: async () => undefined }

type More = Partial<Omit<JournalOptions, 'disk' | 'log'>>

describe('a journal on disk', function () {
  this.timeout(60_000)
  let folder: string
  const opened: Journal[] = []
  let row: Extract<JournalEntry, { kind: 'intent' }>['row']

  before(async () => {
    const stage = await Stage.open(inMemory)
    row = (await stage.send(await stage.pod('a'))).call
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'journal-'))
  })
  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close().catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(more: More = {}, around: (disk: JournalDisk) => JournalDisk = (disk) => disk): Promise<Journal> {
    const disk = around(await openFileDisk(folder))
    const journal = await openJournal({ disk, log: SILENT, keeping: KEEPING, ...more })
    opened.push(journal)
    return journal
  }
  const reopen = async (journal: Journal, more: More = {}) => {
    await journal.close()
    opened.splice(opened.indexOf(journal), 1)
    return open(more)
  }
  const intent = (name: string, bytes = 10): JournalEntry => ({
    kind: 'intent',
    history: 'h1' as Extract<JournalEntry, { kind: 'intent' }>['history'],
    send: { callId: `call_${name}` as CallId, epoch: 1, gen: 0, nonce: '00ff' as never },
    row: { ...row, callId: `call_${name}` as CallId, sealedRequest: Buffer.alloc(bytes, 7) },
    token: null,
    limits: [],
  })
  const outcome = (name: string): JournalEntry => ({
    kind: 'outcome',
    send: { callId: `call_${name}` as CallId, epoch: 1, gen: 0, nonce: '00ff' as never },
    outcome: { kind: 'definite', answer: definite({ sealedAnswer: Buffer.from([0, 1, 2, 255]) }) },
  })
  const served = (history: string): JournalEntry => ({ kind: 'served', history: asHistoryId(history) })
  const names = async (journal: Journal) =>
    (await journal.entries()).flatMap((entry) => ('send' in entry ? [entry.send.callId.slice(5)] : []))
  const segment = (number = 1) => join(folder, `journal-${String(number).padStart(8, '0')}.log`)

  it('gives back what was written, in order and to the byte, after it was opened again', async () => {
    const journal = await open()
    const written = [intent('a', 1_000_000), outcome('a'), intent('b', 0)]
    for (const entry of written) await journal.write(entry)
    expect(await journal.entries()).to.deep.equal(written)
    expect(await (await reopen(journal)).entries()).to.deep.equal(written)
  })

  it('gives back a request of the largest body that a policy allows, and what comes after it', async () => {
    const journal = await open()
    // 16384 KiB of body, and the line of its method, path and headers before it.
    const written = [intent('large', 16_384 * 1_024 + 20_000), outcome('large')]
    for (const entry of written) await journal.write(entry)
    expect(await names(journal)).to.deep.equal(['large', 'large'])
    expect(await names(await reopen(journal))).to.deep.equal(['large', 'large'])
  })

  it('writes what comes in together with one fsync', async () => {
    let appends = 0
    const journal = await open({}, (disk) => ({
      ...disk,
      append(name, bytes) {
        appends += 1
        return disk.append(name, bytes)
      },
    }))
    await Promise.all(Array.from({ length: 500 }, (_, at) => journal.write(intent(String(at)))))
    expect(await names(journal)).to.have.length(500)
    expect(appends).to.be.at.most(3)
  })

  it('any cut in the last entry loses that entry alone, and the next one is written after the one before', async () => {
    const first = await open()
    await first.write(intent('a'))
    const whole = statSync(segment()).size
    await first.write(intent('b'))
    const bytes = readFileSync(segment())
    await first.close()
    opened.pop()
    for (let length = whole; length < bytes.length; length += 41) {
      writeFileSync(segment(), bytes.subarray(0, length))
      const journal = await open()
      expect(await names(journal), `cut at ${length}`).to.deep.equal(['a'])
      await journal.write(intent('c'))
      expect(await names(await reopen(journal)), `cut at ${length}`).to.deep.equal(['a', 'c'])
      await opened.pop()?.close()
    }
  })

  it('garbage after the last entry is taken away, zeros too', async () => {
    for (const garbage of [Buffer.alloc(5_000), Buffer.from('rubbish'.repeat(99)), Buffer.alloc(9, 255)]) {
      const journal = await open()
      await journal.write(intent('a'))
      await journal.close()
      opened.pop()
      appendFileSync(segment(), garbage)
      expect(await names(await open())).to.include('a')
      await opened.pop()?.close()
    }
  })

  it('damage in an earlier segment is refused, and it says which and what to do', async () => {
    const journal = await open({ segmentBytes: 1_000 })
    for (const name of ['a', 'b', 'c', 'd']) await journal.write(intent(name, 600))
    await journal.close()
    opened.pop()
    truncateSync(segment(1), statSync(segment(1)).size - 3)
    const fault = await open().catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(JournalFault)
    expect(String(fault)).to.match(/journal-00000001\.log is damaged at byte .*--give-up/)
  })

  const flip = (at: number) => {
    const bytes = readFileSync(segment())
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(segment(), bytes)
  }

  it('damage before a whole entry is refused in the newest segment too, wherever it is', async () => {
    const journal = await open()
    await journal.write(intent('a'))
    const whole = statSync(segment()).size
    for (const name of ['b', 'c']) await journal.write(intent(name, 600))
    await journal.close()
    opened.pop()
    for (const at of [0, 3, 5, 8, 40, whole, whole + 3, whole + 9, whole + 300]) {
      flip(at)
      const disk = await openFileDisk(folder)
      const fault = await openJournal({ disk, log: SILENT, keeping: KEEPING }).catch((thrown: unknown) => thrown)
      await disk.close()
      expect(String(fault), `flipped at ${at}`).to.match(/journal-00000001\.log is damaged at byte .*--give-up/)
      flip(at)
    }
    expect(await names(await open())).to.deep.equal(['a', 'b', 'c'])
  })

  it('damage that comes while it is open is said when it is read, and what is behind it is not taken for all', async () => {
    const journal = await open()
    for (const name of ['a', 'b', 'c']) await journal.write(intent(name))
    flip(40)
    const fault = await journal.entries().catch((thrown: unknown) => thrown)
    expect(fault).to.be.instanceOf(JournalFault).and.include({ problemCode: 'journal_not_readable' })
  })

  it('a folder that is taken away under it takes no further write, also where another is put in its place', async () => {
    const journal = await open()
    await journal.write(intent('a'))
    rmSync(folder, { recursive: true })
    for (const isBack of [false, true]) {
      if (isBack) mkdirSync(folder)
      const fault = await journal.write(intent('b')).catch((thrown: unknown) => thrown)
      expect(fault).to.be.instanceOf(JournalFault).and.include({ problemCode: 'journal_not_writable' })
      expect(String(fault)).to.match(/was taken away.*Start this replica again/)
    }
    expect(journal.problem()).to.match(/was taken away/)
  })

  it('a second ledger on the same folder is refused', async () => {
    await open()
    const fault = await openFileDisk(folder).catch((thrown: unknown) => thrown)
    expect(String(fault)).to.contain('a journal folder of its own')
  })

  describe('has a bounded size', () => {
    const SMALL = { maxBytes: 20_000, segmentBytes: 5_000 }

    it('entries of resolved calls go, those of open ones stay, however old', async () => {
      const dropped: number[] = []
      const journal = await open({
        ...SMALL,
        keeping: { ...KEEPING, notesDrop: async (number: number) => void dropped.push(number) },
      })
      await journal.write(intent('open'))
      for (let at = 0; at < 60; at += 1) {
        await journal.write(intent(`done-${at}`, 500))
        await journal.write(outcome(`done-${at}`))
        journal.resolved(`call_done-${at}` as CallId)
      }
      const left = await names(journal)
      expect(left).to.include('open')
      expect(left.length).to.be.below(40)
      expect(dropped).to.deep.equal(Array.from({ length: journal.droppedSegment }, (_, at) => at + 1))
      expect(dropped.length).to.be.greaterThan(3)
      const again = await reopen(journal, SMALL)
      expect(again.droppedSegment).to.equal(dropped.length)
      expect(await names(again)).to.deep.equal(left)
    })

    it('nothing goes while the store does not note it; at twice its size no more sends are taken, but what ends them', async () => {
      const refuse = async () => {
        throw new Error('the store is away')
      }
      const journal = await open({ ...SMALL, keeping: { ...KEEPING, notesDrop: refuse } })
      const faults: unknown[] = []
      for (let at = 0; at < 90; at += 1) {
        const isWritten = await journal.write(intent(`done-${at}`, 500)).then(
          () => true,
          (fault: unknown) => faults.push(fault) === 0,
        )
        if (isWritten) journal.resolved(`call_done-${at}` as CallId)
      }
      expect(faults.length).to.be.greaterThan(5)
      expect(journal.droppedSegment).to.equal(0)
      expect(await names(journal)).to.have.length(90 - faults.length)
      await journal.write(outcome('done-1'))
      await journal.write(served('h2'))
      expect(await names(journal)).to.have.length(91 - faults.length)
    })

    it('calls go whose end the store has from an earlier process, another replica or a person', async () => {
      let ended: readonly string[] = []
      const resolved: JournalKeeping['resolved'] = async (calls) =>
        calls.flatMap(({ callId }) => (ended.includes(callId) ? [callId] : []))
      const more = { ...SMALL, keeping: { ...KEEPING, resolved } }
      const first = await open(more)
      for (let at = 0; at < 15; at += 1) await first.write(intent(String(at), 500))
      ended = Array.from({ length: 15 }, (_, at) => `call_${at}`).filter((callId) => callId !== 'call_3')
      const journal = await reopen(first, more)
      for (let at = 15; at < 60; at += 1) {
        await journal.write(intent(String(at), 500))
        if (at > 20) ended = [...ended, `call_${at - 5}`]
      }
      expect(journal.droppedSegment).to.be.greaterThan(2)
      expect(await names(journal))
        .to.include('3')
        .and.not.include('4')
    })

    it('the history that was last served, and who was there, are still known when their segment has gone', async () => {
      const journal = await open(SMALL)
      await journal.write({ kind: 'roster', replicaIds: ['a', 'b'] })
      await journal.write(served('h1'))
      for (let at = 0; at < 60; at += 1) {
        await journal.write(intent(`done-${at}`, 500))
        journal.resolved(`call_done-${at}` as CallId)
        if (at === 40) await journal.write(served('h2'))
      }
      const again = await reopen(journal, SMALL)
      expect(again.droppedSegment).to.be.greaterThan(3)
      const marks = (await again.entries()).filter(({ kind }) => kind === 'served' || kind === 'roster')
      expect(marks.findLast(({ kind }) => kind === 'served')).to.deep.equal(served('h2'))
      expect(marks.findLast(({ kind }) => kind === 'roster')).to.deep.equal({ kind: 'roster', replicaIds: ['a', 'b'] })
    })

    it('a copy that the disk has no room for leaves nothing behind that would hide what comes after it', async () => {
      let isFull = false
      const around = (disk: JournalDisk): JournalDisk => ({
        ...disk,
        async append(name, bytes) {
          if (!isFull) return disk.append(name, bytes)
          isFull = false
          await disk.append(name, bytes.subarray(0, 100))
          throw new Error('no space left on device')
        },
      })
      const noted: number[] = []
      const notesDrop = async (number: number) => {
        isFull = noted.push(number) === 1
      }
      const journal = await open({ ...SMALL, keeping: { ...KEEPING, notesDrop } }, around)
      await journal.write(intent('open'))
      for (let at = 0; noted.length === 0; at += 1) {
        await journal.write(intent(`done-${at}`, 500))
        journal.resolved(`call_done-${at}` as CallId)
      }
      await journal.write(intent('last'))
      const left = await names(journal)
      expect(left).to.include('open').and.include('last')
      expect(await names(await reopen(journal, SMALL))).to.deep.equal(left)
    })

    it('a journal full of open calls lets none of them go, and refuses more', async () => {
      const journal = await open(SMALL)
      const kept: string[] = []
      const fault = await (async () => {
        for (let at = 0; at < 100; at += 1) {
          await journal.write(intent(String(at), 500))
          kept.push(String(at))
        }
      })().catch((thrown: unknown) => thrown)
      expect(String(fault))
        .to.match(/full of calls that are not resolved.*Resolve them/)
        .and.not.contain('Make room')
      expect(await names(journal)).to.deep.equal(kept)
    })
  })

  it('a full disk: the write is refused, what was written stays whole, and it goes on once there is room', async function () {
    const reason = whyNoMount()
    if (reason !== undefined) skip(this, reason)
    const mounted = new Folder()
    try {
      mounted.mount('size=256k')
      const journal = await openJournal({
        disk: await openFileDisk(mounted.path),
        log: SILENT,
        keeping: KEEPING,
      })
      writeFileSync(join(mounted.path, 'ballast'), Buffer.alloc(100_000))
      const kept: string[] = []
      const fault = await (async () => {
        for (let at = 0; at < 1_000; at += 1) {
          await journal.write(intent(String(at), 900))
          kept.push(String(at))
        }
      })().catch((thrown: unknown) => thrown)
      expect(fault).to.be.instanceOf(JournalFault)
      expect(String(fault)).to.match(/ENOSPC.*Make room/)
      expect(journal.problem()).to.match(/ENOSPC/)
      rmSync(join(mounted.path, 'ballast'))
      await journal.write(intent('room again'))
      expect(journal.problem()).to.equal(undefined)
      await journal.close()
      const again = await openJournal({
        disk: await openFileDisk(mounted.path),
        log: SILENT,
        keeping: KEEPING,
      })
      expect(await names(again)).to.deep.equal([...kept, 'room again'])
      await again.close()
    } finally {
      await mounted.remove()
    }
  })
})
