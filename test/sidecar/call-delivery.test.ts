import { expect } from 'chai'
import { asHistoryId } from '../../contract/ids.ts'
import { type SidecarFiles, systemFiles } from '../../sidecar/files.ts'
import type { AppConnection } from './stand-in/app.ts'
import { CallSetting, form } from './stand-in/call-setting.ts'
import { newStateDir } from './stand-in/ledger.ts'
import { TestTime } from './stand-in/time.ts'

describe('the answer of a call on its way to the app', () => {
  let setting: CallSetting

  beforeEach(async () => {
    setting = await CallSetting.make()
  })
  afterEach(() => setting.close())

  it('after a crash of the sidecar names what was being delivered, and nothing that was read', async () => {
    await setting.start()
    const app = await setting.open()
    await app.post(form(1)).answer()
    await app.post(form(2)).answer()
    // As if it had been killed now: the second answer is written, and whether it is read is unknown.
    const { stateDir } = setting.sidecar
    const memory = (await setting.sidecar.file('deliveries.jsonl')) ?? ''
    const { cpSync } = await import('node:fs')
    const killed = newStateDir()
    cpSync(stateDir, killed, { recursive: true })
    expect(memory).to.include('["s",')
    app.socket.destroy()
    setting.sidecar.close()
    await setting.start({ stateDir: killed })
    const again = await setting.open()
    await again.post(form(1)).answer()
    await again.post(form(2)).answer()
    const [one, two] = setting.ledger.calls.slice(-2)
    expect(one?.claims).to.deep.include({ ord: { boot: 2, seq: 1 }, delivery: { intactSinceBoot: 1, delivering: [] } })
    expect(two?.claims.delivery).to.deep.equal({ intactSinceBoot: 1, delivering: [1] })
  })

  it('after the loss of the delivery file clears nothing of older boots', async () => {
    const stateDir = newStateDir()
    const { writeFileSync } = await import('node:fs')
    writeFileSync(`${stateDir}/boot`, '4')
    writeFileSync(`${stateDir}/deliveries.jsonl`, '["boot",4]\nnonsense\n')
    await setting.start({ stateDir })
    await (await setting.open()).post(form(1)).answer()
    expect(setting.ledger.calls[0]?.claims).to.deep.include({
      ord: { boot: 5, seq: 1 },
      delivery: { intactSinceBoot: 5, delivering: [] },
    })
  })

  it('is not let out before the line that names it is written', async () => {
    await setting.start({ files: withoutRoomForLines })
    setting.ledger.onCall = (call) => call.answer(200, '{}')
    const got = await (await setting.open()).post(form(5)).answer().then(String, String)
    expect(got).to.equal('Error: the connection ended before its answer: ')
  })

  it('of more than 64 KiB is answered as it comes, with its length, and its last piece only once that is written down', async () => {
    await setting.start()
    const big = 'x'.repeat(300_000)
    setting.ledger.onCall = (call) => call.answer(200, big)
    const answer = await (await setting.open()).post(form(5)).answer()
    expect(answer.headers['content-length']).to.equal('300000')
    expect(answer.body).to.equal(big)
    expect(await setting.sidecar.file('deliveries.jsonl')).to.match(/^\["[ds]",/m)
  })

  it('is named by an identical call for tokens until it is known to be read', async () => {
    await setting.start()
    const { ledger } = setting
    ledger.onCall = (call) => call.answer(200, '{}', { note: { n: ledger.calls.length } })
    const ask = (app: AppConnection) => app.post('q=1', { path: '/geocode/v1/chat' }).answer()
    const [first, second] = [await setting.open(), await setting.open()]
    await ask(first)
    await ask(second)
    // A further request on its connection says that the first one's answer was read.
    await ask(first)
    const named = ledger.calls.map(({ claims }) => [claims.open.map(({ seq }) => seq), claims.delivery.delivering])
    expect(named).to.deep.equal([
      [[], []],
      [[1], [1]],
      [[2], [2]],
    ])
  })

  for (const type of ['text/event-stream', 'Text/Event-Stream; charset=utf-8']) {
    it(`streams events of type ${type} as they come`, async () => {
      await setting.start()
      setting.hold()
      const app = await setting.open()
      app.post('q=1', { path: '/geocode/v1/chat' })
      await setting.ledger.until(() => setting.held.length === 1)
      const { response } = setting.nth(0)
      response.writeHead(200, { 'content-type': type, 'jobcap-note': setting.nth(0).noteFor() })
      response.write('data: 1\n\n')
      await app.until((text) => text.includes('data: 1'))
      response.end('data: 2\n\n')
      expect((await app.answer()).body).to.equal('data: 1\n\ndata: 2\n\n')
    })
  }

  it('holds the last word of a stream until its end, so that an app which closes there has read it all', async () => {
    await setting.start()
    setting.hold()
    const chat = { path: '/geocode/v1/chat' }
    const app = await setting.open()
    app.post('q=1', chat)
    await setting.ledger.until(() => setting.held.length === 1)
    const { response } = setting.nth(0)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'jobcap-note': setting.nth(0).noteFor() })
    response.write('data: 1\n\ndata: [DONE]\n\n')
    let got = ''
    const hasCome = (part: string) =>
      app.until((text) => {
        got = text
        return text.includes(part)
      })
    await hasCome('data: 1\n\n')
    expect(got).to.not.include('[DONE]')
    response.end()
    await hasCome('[DONE]')
    expect(got).to.match(/\r\ndata: \[DONE\]\n\n\r\n0\r\n\r\n$/)
    app.socket.end()
    await app.ended()
    const next = await setting.open()
    next.post('q=1', chat)
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(1).claims.seen.map(({ n }) => n)).to.deep.equal([1])
  })

  it('whose long answer is cut ends the app’s connection, and is not counted as answered', async () => {
    await setting.start()
    setting.hold()
    const app = await setting.open()
    app.post(form(5))
    await setting.ledger.until(() => setting.held.length === 1)
    setting.nth(0).response.writeHead(200, { 'content-length': '300000', 'jobcap-note': setting.nth(0).noteFor() })
    setting.nth(0).response.write('x'.repeat(200_000), () => setting.nth(0).cut())
    await app.ended()
    const next = await setting.open()
    next.post(form(5))
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(1).claims.seen).to.deep.equal([])
    expect(await setting.sidecar.file('deliveries.jsonl')).to.not.include('["d",')
  })

  it('counts as read though that could not be written down, also for a store that has lost it', async () => {
    // Nothing is reported by itself meanwhile.
    const time = new TestTime()
    await setting.start({ files: withoutRoomForStates, clock: time, timers: time })
    const { ledger } = setting
    const app = await setting.open()
    await app.post(form(1)).answer()
    await app.post(form(1)).answer()
    await app.post(form(1)).answer()
    ledger.historyId = asHistoryId('history-2')
    ledger.seen.length = 0
    await app.post(form(1)).answer()
    expect(ledger.calls.slice(1, 3).map(({ claims }) => claims.seen.map(({ n }) => n))).to.deep.equal([[1], [2]])
    expect(ledger.seen.map(({ n }) => n)).to.have.members([1, 2, 3])
  })
})

/** A volume that takes a line, and then nothing of what became of it. */
const withoutRoomForStates: SidecarFiles = {
  ...systemFiles,
  openInPlace(path) {
    const file = systemFiles.openInPlace(path)
    return { ...file, writeAt: (position, text) => (/^[sc]$/.test(text) ? 0 : file.writeAt(position, text)) }
  },
}

/** The volume is full at the moment in which the line of an answer is written. */
const withoutRoomForLines: SidecarFiles = {
  ...systemFiles,
  openInPlace(path) {
    const file = systemFiles.openInPlace(path)
    return { ...file, writeAt: (position, text) => (text.startsWith('["d"') ? 0 : file.writeAt(position, text)) }
  },
}
