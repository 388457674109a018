import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { runAccount } from '../../../store/rules/accounts.ts'
import { StoreFault } from '../../../store/store.ts'
import { skip } from '../../../tools/test/skip.ts'
import { DAY_MS, NEVER, type PodsCaller, type Stage, told, usd } from '../stage.ts'
import { Folder, whyNoMount } from './files.ts'

const PAGE_BYTES = 4_096

describe('the embedded store and its file', function () {
  this.timeout(60_000)
  let folder: Folder

  beforeEach(() => {
    folder = new Folder()
  })
  afterEach(() => folder.remove())

  /** A run with calls in all states, closed cleanly. */
  async function filled(): Promise<{ a: PodsCaller; stage: Stage }> {
    const stage = await folder.open()
    const a = await stage.pod('a', { terms: { capUsdMicros: usd(1_000) } })
    for (let at = 0; at < 40; at += 1) {
      const { ref } = await stage.send(a, { content: `call ${at}`, usd: 2 })
      await stage.settle(ref, { totalUsdMicros: usd(2) })
    }
    await stage.send(a, { content: 'out', usd: 3 })
    await stage.send(a, { content: 'unmarked', repeat: NEVER })
    await stage.store.close()
    return { a, stage }
  }

  const bytesOf = () => createHash('sha256').update(readFileSync(folder.db)).digest('hex')

  describe('damaged', () => {
    it('a file that is no database is refused, and stays as it is', async () => {
      writeFileSync(folder.db, 'this is not a database, but somebody wanted to keep it\n'.repeat(100))
      const before = bytesOf()
      expect(await folder.refusal()).to.match(/is damaged .*Nothing was changed.*--restored/)
      expect(bytesOf()).to.equal(before)
    })

    it('any flipped page is noticed before anything is served', async () => {
      await filled()
      const whole = readFileSync(folder.db)
      const pages = whole.length / PAGE_BYTES
      const served: number[] = []
      for (let page = 0; page < pages; page += 1) {
        const flipped = Buffer.from(whole)
        for (let at = page * PAGE_BYTES; at < (page + 1) * PAGE_BYTES; at += 1) flipped[at] = 255 - (flipped[at] ?? 0)
        writeFileSync(folder.db, flipped)
        const message = await folder.refusal().catch(() => undefined)
        if (message === undefined) served.push(page)
        else expect(message, `page ${page}`).to.contain('is damaged')
      }
      expect(pages).to.be.greaterThan(20)
      expect(served).to.deep.equal([])
    })

    it('a file cut short is refused, at each length', async () => {
      await filled()
      const whole = readFileSync(folder.db)
      for (const part of [0.9, 0.5, 0.1]) {
        writeFileSync(folder.db, whole.subarray(0, Math.floor((whole.length * part) / PAGE_BYTES) * PAGE_BYTES))
        expect(await folder.refusal(), `${part}`).to.contain('is damaged')
      }
      writeFileSync(folder.db, whole.subarray(0, 1_000))
      expect(await folder.refusal()).to.contain('is damaged')
    })

    it('a file cut to nothing beside its mark is refused and stays empty, also with --restored', async () => {
      await filled()
      truncateSync(folder.db, 0)
      expect(await folder.refusal()).to.match(/is missing or empty, but .*An empty one is never started/)
      expect(await folder.refusal({ restored: true })).to.contain('There is no database')
      expect(readFileSync(folder.db)).to.have.length(0)
    })

    it('a database without our tables beside a mark is refused', async () => {
      await filled()
      rmSync(folder.db)
      folder.raw((db) => db.exec('CREATE TABLE other (x)'))
      expect(await folder.refusal()).to.match(/it holds nothing, but .*\.mark says that it did/)
    })

    it('books that do not add up are refused, with the account named', async () => {
      await filled()
      folder.raw((db) => db.exec(`UPDATE calls SET spent_usd_micros = spent_usd_micros + 1 WHERE created_order = 7`))
      expect(await folder.refusal()).to.match(/is damaged \(sums do not add up for .*run\/job-1/)
    })

    it('an account that vanished is refused', async () => {
      await filled()
      folder.raw((db) => db.exec(`DELETE FROM accounts WHERE account = 'run/job-1'`))
      expect(await folder.refusal()).to.match(/sums do not add up for run\/job-1/)
    })

    it('a cap whose account is missing admits nothing', async () => {
      const stage = await folder.open()
      const a = await stage.pod('a')
      await stage.store.close()
      folder.raw((db) => db.exec(`DELETE FROM accounts WHERE account = 'run/job-1'`))
      const again = await folder.open({ earlier: stage })
      expect(told(await again.ask(a))).to.equal('REFUSED cap_missing')
    })

    it('a database of a newer jobcap is refused', async () => {
      await filled()
      folder.raw((db) => db.pragma('user_version = 99'))
      expect(await folder.refusal()).to.contain('Start the newer jobcap')
    })

    it('a database of an older layout is brought forward, and answers as before', async () => {
      const { a, stage } = await filled()
      const added = [
        'calls.life',
        'calls.gen',
        'calls.is_failure_saved',
        'keys.ended_at_ms',
        'keys.retention',
        'keys.version',
        'pods.walks',
      ]
      folder.raw((db) => {
        db.exec(
          'DROP INDEX calls_by_object; DROP INDEX keys_by_end; DROP INDEX pods_by_run; ALTER TABLE accounts DROP COLUMN pruned_usd_micros',
        )
        db.exec('ALTER TABLE accounts DROP COLUMN frozen_usd_micros')
        db.exec('DROP TABLE claims; DROP TABLE ended_jobs')
        for (const column of added) db.exec(`ALTER TABLE ${column.replace('.', ' DROP COLUMN ')}`)
        db.pragma('user_version = 2')
      })
      const again = await folder.open({ earlier: stage })
      expect(told(await again.ask(a, { content: 'call 0', ord: [1, 100] }))).to.equal('REPLAY n=1')
      const { call } = await again.send(a, { content: 'unmarked', repeat: NEVER, ord: [1, 101] })
      expect(call).to.include({ gen: 0, epoch: 2 })
    })
  })

  describe('never starts empty', () => {
    it('a missing database beside its mark is refused, and none is made', async () => {
      await filled()
      rmSync(folder.db)
      expect(await folder.refusal()).to.match(/is missing or empty, but .*An empty one is never started/)
      expect(await folder.refusal({ restored: true })).to.contain('There is no database')
      expect(existsSync(folder.db)).to.equal(false)
    })

    it('--restored without a copy is refused, and none is made', async () => {
      expect(await folder.refusal({ restored: true })).to.contain('There is no database')
      expect(existsSync(folder.db)).to.equal(false)
    })

    it('a database without its mark, or beside one that cannot be read, may be a copy', async () => {
      await filled()
      rmSync(folder.mark)
      expect(await folder.refusal()).to.match(/\.mark is missing or empty, so .* may be a copy/)
      writeFileSync(folder.mark, 'x')
      expect(await folder.refusal()).to.match(/\.mark is unreadable/)
    })

    it('a first start that was killed before its mark starts', async () => {
      const stage = await folder.open()
      await stage.store.close()
      rmSync(folder.mark)
      await (await folder.open()).pod('a')
    })
  })

  describe('put back from a copy', () => {
    /** A copy of the first state, then more calls; the copy is put in the place of the file. */
    async function putBack() {
      const { a, stage } = await filled()
      const copy = join(folder.path, 'copy.db')
      const newest = join(folder.path, 'newest.db')
      copyFileSync(folder.db, copy)
      const later = await folder.open({ earlier: stage })
      await later.send(a, { content: 'after the copy', ord: [1, 900] })
      await later.store.close()
      copyFileSync(folder.db, newest)
      copyFileSync(copy, folder.db)
      return { a, later, newest }
    }

    it('unannounced it is refused', async () => {
      await putBack()
      expect(await folder.refusal()).to.match(/is older than .*--restored/)
    })

    it('announced: a new history, all runs ended for good, nothing sent again, day caps spent until opened', async () => {
      const { a, later } = await putBack()
      const stage = await folder.open({ restored: true, earlier: later })
      expect(stage.store.historyId).not.to.equal(later.store.historyId)
      expect(told(await stage.ask(a))).to.equal('REFUSED key_ended')
      const continuing = await stage.exchange('b', { job: 'job-2', continues: 'job-1' })
      expect(continuing).to.have.nested.include({ 'refusal.code': 'run_too_old' })
      for (const { callId } of await stage.store.listUnresolved({ limit: 99 })) {
        expect(await stage.repair(callId)).to.include({ status: 'HELD' })
      }
      expect(await stage.store.balance(runAccount(a.runUid))).to.deep.equal({
        spentUsdMicros: usd(80),
        reservedUsdMicros: usd(4),
      })

      const limits = [{ level: 'policy_day', limitUsdMicros: usd(10_000) }] as const
      const other = await stage.pod('c', { job: 'job-3' })
      expect(await stage.ask(other, { limits })).to.include({ level: 'policy_day' })
      expect(told(await stage.ask(other, { content: 'free', usd: 0, limits }))).to.equal('SEND n=1')
      await stage.store.openDayCaps()
      expect(told(await stage.ask(other, { limits }))).to.equal('SEND n=1')
      const events = (await stage.events()).map(({ event }) => event)
      expect(events).to.include.members(['key.ended', 'call.in_doubt'])
    })

    it('the next day has its caps without a person', async () => {
      const { later } = await putBack()
      const stage = await folder.open({ restored: true, earlier: later })
      stage.clock.pass(DAY_MS)
      const limits = [{ level: 'policy_day', limitUsdMicros: usd(5) }] as const
      expect(told(await stage.ask(await stage.pod('c', { job: 'job-3' }), { limits }))).to.equal('SEND n=1')
    })

    it('afterwards it opens as usual, and the file that it replaced is refused in turn', async () => {
      const { later, newest } = await putBack()
      const stage = await folder.open({ restored: true, earlier: later })
      await stage.store.close()
      await (await folder.open({ earlier: stage })).store.close()
      copyFileSync(newest, folder.db)
      expect(await folder.refusal()).to.match(/is not the database that .* belongs to.*--restored/)
    })
  })

  describe('the clock set back', () => {
    it('the day never goes back, also over a restart; leases and events go on', async () => {
      const stage = await folder.open()
      const a = await stage.pod('a', { terms: { dailyCapUsdMicros: usd(2) } })
      const first = await stage.send(a, { usd: 2 })
      stage.clock.wallMs -= 3 * DAY_MS
      expect(told(await stage.ask(a))).to.equal('JOIN')
      expect(await stage.ask(a, { content: 'E' })).to.include({ level: 'run_day' })
      stage.clock.passedMs += 10_001
      expect(told(await stage.ask(a))).to.equal('SEND n=1')
      await stage.settle(first.ref, { totalUsdMicros: usd(2) })
      await stage.store.close()
      const again = await folder.open({ earlier: stage })
      expect(await again.ask(a, { content: 'F' })).to.include({ level: 'run_day' })
      const moments = (await again.events()).map(({ atMs }) => atMs)
      expect(moments).to.deep.equal(moments.toSorted((left, right) => left - right))
    })
  })

  describe('the record', () => {
    it('takes no UPDATE and no DELETE', async () => {
      await filled()
      for (const harm of [
        `UPDATE audit SET event = '{}' WHERE seq = 1`,
        'DELETE FROM audit WHERE seq = 1',
        'DELETE FROM audit',
      ]) {
        expect(() => folder.raw((db) => db.exec(harm)), harm).to.throw('append-only')
      }
    })

    it('is whole after a restart', async () => {
      const { stage } = await filled()
      const events = await (await folder.open({ earlier: stage })).events()
      expect(events.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 2 + 40 * 2 + 2 }, (_, at) => at + 1))
    })

    it('an owner of an earlier process is gone at once', async () => {
      const { a, stage } = await filled()
      const again = await folder.open({ earlier: stage })
      expect(told(await again.ask(a, { content: 'out', usd: 3, ord: [1, 900] }))).to.equal('SEND n=1')
      expect(await again.store.listUnresolved({ limit: 9 })).to.have.length(1)
    })
  })

  describe('a disk that is full or read-only', () => {
    const reason = whyNoMount()

    it('full: the step fails as a fault, nothing acknowledged is lost, and it goes on once there is room', async function () {
      if (reason !== undefined) skip(this, reason)
      folder.mount('size=1m')
      const ballast = join(folder.path, 'ballast')
      writeFileSync(ballast, Buffer.alloc(300_000))
      const stage = await folder.open()
      const a = await stage.pod('a')
      const kept: string[] = []
      const fault = await (async () => {
        for (let at = 0; at < 10_000; at += 1) kept.push((await stage.send(a, { content: `call ${at}` })).call.callId)
      })().catch((thrown: unknown) => thrown)
      expect(fault).to.be.instanceOf(StoreFault)
      expect(stage.store.problem()).to.match(/SQLITE_FULL|SQLITE_IOERR/)
      rmSync(ballast)
      kept.push((await stage.send(a, { content: 'room again' })).call.callId)
      expect(stage.store.problem()).to.equal(undefined)
      await stage.store.close()
      const again = await folder.open({ earlier: stage })
      const reserved = (await again.events()).flatMap((event) =>
        event.event === 'call.reserved' ? [event.call.callId] : [],
      )
      expect(reserved).to.deep.equal(kept)
    })

    it('full from the start: refused, and it says so', async function () {
      if (reason !== undefined) skip(this, reason)
      folder.mount('size=64k')
      writeFileSync(join(folder.path, 'ballast'), Buffer.alloc(60_000))
      expect(await folder.refusal()).to.match(/disk of .* is full|cannot be opened/)
    })

    it('a folder that is not there: refused, and none is made', async () => {
      rmSync(folder.path, { recursive: true })
      expect(await folder.refusal()).to.match(/The folder of .* does not exist/)
    })

    it('read-only: refused, and it says what to make writable', async function () {
      if (reason !== undefined) skip(this, reason)
      folder.mount('size=16m')
      await filled()
      folder.remount('ro')
      expect(await folder.refusal()).to.match(/cannot be written\. Make the file and its folder writable/)
    })
  })
})
