import { expect } from 'chai'
import { asHistoryId } from '../../contract/ids.ts'
import { refusal } from '../../contract/refusals.ts'
import { CallSetting, form } from './stand-in/call-setting.ts'
import { TestTime } from './stand-in/time.ts'

describe('a call that the ledger did not answer', () => {
  let setting: CallSetting

  beforeEach(async () => {
    setting = await CallSetting.make()
  })
  afterEach(() => setting.close())

  it('is sent again under the same ord when the ledger dies with it', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => (setting.ledger.calls.length < 3 ? call.cut() : call.answer(200, '{"id":"pi_1"}'))
    const app = await setting.open()
    expect((await app.post(form(5)).answer()).body).to.equal('{"id":"pi_1"}')
    expect(setting.ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1, 1])
    expect(new Set(setting.ledger.calls.map(({ body }) => body)).size).to.equal(1)
  })

  it('is sent again when a short answer is cut, before anything of it reached the app', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => {
      if (setting.ledger.calls.length > 1) return call.answer(200, '{"id":"whole"}')
      call.response.writeHead(200, { 'content-length': '14', 'jobcap-note': call.noteFor() })
      call.response.write('{"id"', () => call.cut())
    }
    const app = await setting.open()
    expect((await app.post(form(5)).answer()).body).to.equal('{"id":"whole"}')
  })

  it('is refused as retryable after 20 s without a ledger', async () => {
    const time = new TestTime({ hurries: true })
    await setting.start({ clock: time, timers: time })
    const before = time.monotonicMs()
    await setting.ledger.close()
    const answer = await (await setting.open()).post(form(5)).answer()
    expect(answer.status).to.equal(503)
    expect(answer.headers).to.include({ 'jobcap-refused': 'ledger_unreachable', 'stripe-should-retry': 'true' })
    expect(time.monotonicMs() - before).to.be.within(18_000, 20_000)
    await setting.ledger.listen(0)
  })

  it('is sent again to a ledger that is not ready yet', async () => {
    const time = new TestTime({ hurries: true })
    await setting.start({ clock: time, timers: time })
    setting.ledger.onCall = (call) =>
      setting.ledger.calls.length < 4 ? call.refuse(refusal('ledger_not_ready')) : call.answer(200, '{}')
    expect((await (await setting.open()).post(form(5)).answer()).status).to.equal(200)
    expect(setting.ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 1, 1, 1])
  })

  it('is judged again, under the same ord and with all that was ever seen, when the store lost something', async () => {
    await setting.start()
    const app = await setting.open()
    await app.post(form(1)).answer()
    await app.post(form(2)).answer()
    // Both are seen and confirmed by now but the last; the store then forgets.
    await app.post(form(3)).answer()
    setting.ledger.historyId = asHistoryId('history-2')
    setting.ledger.seen.length = 0
    const answer = await app.post(form(4)).answer()
    expect(answer.status).to.equal(200)
    const [lost, again] = setting.ledger.calls.slice(-2)
    expect(lost?.claims.ord).to.deep.equal(again?.claims.ord)
    expect(again?.claims.historyId).to.equal('history-2')
    expect(new Set(setting.ledger.seen.map(({ digest }) => digest)).size).to.equal(3)
  })
})
