import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { asCallId } from '../../../contract/ids.ts'
import { seeded } from '../stage.ts'
import { Folder } from './files.ts'

const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url))
const KILLS = 6
const SEED = 20_261_122

interface Writer {
  readonly child: ChildProcessByStdio<null, Readable, null>
  readonly lines: AsyncIterableIterator<string>
}

describe('processes on one database file', function () {
  this.timeout(60_000)
  let folder: Folder
  const writers: Writer[] = []

  beforeEach(() => {
    folder = new Folder()
  })
  afterEach(async () => {
    for (const { child } of writers.splice(0)) child.kill('SIGKILL')
    await folder.remove()
  })

  function write(life: number): Writer {
    const child = spawn(process.execPath, [WRITER, folder.db, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const writer = { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
    writers.push(writer)
    return writer
  }

  const next = async ({ lines }: Writer): Promise<string> => String((await lines.next()).value)

  async function killed(writer: Writer): Promise<readonly string[]> {
    const ended = once(writer.child, 'exit')
    writer.child.kill('SIGKILL')
    const rest: string[] = []
    for await (const line of writer.lines) rest.push(line)
    await ended
    return rest
  }

  it('a second one is refused while the first lives, and opens it after a SIGKILL', async () => {
    const first = write(1)
    expect(await next(first)).to.equal('open')
    expect(await next(write(2))).to.match(/^refused: .*in use by another ledger/)
    expect(await folder.refusal()).to.contain('in use by another ledger')
    expect(await next(first), 'the first goes on').to.match(/^reserved/)
    await killed(first)
    expect(await next(write(3))).to.equal('open')
  })

  it('the same process is refused a second time too', async () => {
    const stage = await folder.open()
    expect(await folder.refusal()).to.contain('in use by another ledger')
    await stage.pod('a')
  })

  it(`every step acknowledged before a SIGKILL is there after it (${KILLS} kills, seed ${SEED})`, async () => {
    const random = seeded(SEED)
    const acknowledged: string[] = []
    for (let life = 1; life <= KILLS; life += 1) {
      const writer = write(life)
      expect(await next(writer)).to.equal('open')
      const steps = 5 + Math.floor(random() * 60)
      for (let step = 0; step < steps; step += 1) acknowledged.push(await next(writer))
      acknowledged.push(...(await killed(writer)))
    }
    const stage = await folder.open()
    const states = new Map<string, string>()
    for (const line of acknowledged) {
      const [state = '', callId = ''] = line.split(' ')
      states.set(callId, state)
    }
    expect(states.size).to.be.greaterThan(KILLS * 5)
    for (const [callId, state] of states) {
      const call = await stage.store.findCall(asCallId(callId))
      // A step may be done and never acknowledged; never the other way round.
      expect(call?.state, `${callId} ${state}`).to.be.oneOf(state === 'settled' ? ['settled'] : ['reserved', 'settled'])
    }
    const seqs = (await stage.events()).map(({ seq }) => seq)
    expect(seqs).to.deep.equal(seqs.map((_, at) => at + 1))
  })
})
