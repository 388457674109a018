import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { StoreFault } from '../../../store/store.ts'
import { type PodsCaller, type Stage, told, usd } from '../stage.ts'
import { Folder } from './files.ts'

describe('the files of the embedded store', function () {
  this.timeout(60_000)
  let folder: Folder
  let wal: string
  const file = (name: string) => join(folder.path, name)

  beforeEach(() => {
    folder = new Folder()
    wal = `${folder.db}-wal`
  })
  afterEach(() => folder.remove())

  async function calls(stage: Stage, a: PodsCaller, names: readonly string[]): Promise<void> {
    for (const content of names) {
      const { ref } = await stage.send(a, { content, usd: 1 })
      await stage.settle(ref, { totalUsdMicros: usd(1) })
    }
  }
  const many = (word: string) => Array.from({ length: 40 }, (_, at) => `${word} ${at}`)

  describe('a copy that is put back where a killed ledger left its -wal', () => {
    /** The copy is of a ledger that was stopped; more was checkpointed since, and the kill left the rest in the -wal. */
    async function putBack(): Promise<Stage> {
      const first = await folder.open()
      const a = await first.pod('a', { terms: { capUsdMicros: usd(1_000) } })
      await calls(first, a, ['before the copy'])
      await first.store.close()
      copyFileSync(folder.db, file('copy'))
      const second = await folder.open({ earlier: first })
      await calls(second, a, many('second'))
      await second.store.close()
      const third = await folder.open({ earlier: second })
      await calls(third, a, ['third'])
      copyFileSync(wal, file('left'))
      await third.store.close()
      copyFileSync(file('copy'), folder.db)
      copyFileSync(file('left'), wal)
      return third
    }

    it('is refused, names the -wal, and stays as it is; without the -wal it starts', async () => {
      const earlier = await putBack()
      const refusal = await folder.refusal({ restored: true })
      expect(refusal).to.contain('is damaged').and.contain(`${wal} may be left of the database before`)
      expect(readFileSync(folder.db).equals(readFileSync(file('copy')))).to.equal(true)
      expect(readFileSync(wal).equals(readFileSync(file('left')))).to.equal(true)
      rmSync(wal)
      const again = await folder.open({ restored: true, earlier })
      expect((await again.events()).filter(({ event }) => event === 'call.settled')).to.have.length(1)
    })

    it('a refused start loses nothing of what only the -wal holds', async () => {
      const stage = await folder.open()
      const a = await stage.pod('a', { terms: { capUsdMicros: usd(1_000) } })
      await calls(stage, a, ['in the -wal'])
      copyFileSync(folder.db, file('db'))
      copyFileSync(wal, file('left'))
      copyFileSync(folder.mark, file('mark'))
      await stage.store.close()
      copyFileSync(file('db'), folder.db)
      copyFileSync(file('left'), wal)
      rmSync(folder.mark)
      expect(await folder.refusal()).to.contain('may be a copy')
      copyFileSync(file('mark'), folder.mark)
      const again = await folder.open({ earlier: stage })
      expect(told(await again.ask(a, { content: 'in the -wal', usd: 1, ord: [1, 900] }))).to.equal('REPLAY n=1')
      expect(existsSync(`${wal}.aside`)).to.equal(false)
    })
  })

  describe('taken away while the store is open', () => {
    for (const name of ['ledger.db', 'ledger.db-wal']) {
      it(`${name}: nothing is taken any more, and its problem says why; put back, it goes on`, async () => {
        const stage = await folder.open()
        const a = await stage.pod('a')
        renameSync(file(name), file('elsewhere'))
        const fault = await stage.ask(a, { content: 'unrecorded' }).catch((thrown: unknown) => thrown)
        expect(fault).to.be.instanceOf(StoreFault)
        expect(stage.store.problem())
          .to.match(/removed or replaced under the ledger/)
          .and.contain(file(name))
        writeFileSync(file(name), 'another one')
        expect(await stage.ask(a, { content: 'unrecorded' }).catch((thrown: unknown) => thrown)).to.be.instanceOf(
          StoreFault,
        )
        renameSync(file('elsewhere'), file(name))
        expect(told(await stage.ask(a, { content: 'recorded' }))).to.equal('SEND n=1')
        expect(stage.store.problem()).to.equal(undefined)
      })
    }
  })

  it('a first start that found its disk full before its mark was written starts', async () => {
    await (await folder.open()).store.close()
    writeFileSync(folder.mark, '')
    await (await folder.open()).pod('a')
  })

  it('an empty mark beside a record is refused', async () => {
    const stage = await folder.open()
    await stage.pod('a')
    await stage.store.close()
    writeFileSync(folder.mark, '')
    expect(await folder.refusal()).to.match(/\.mark is missing or empty, so .* may be a copy/)
  })
})
