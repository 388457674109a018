import { expect } from 'chai'
import { asDigest } from '../../contract/ids.ts'
import { refusal } from '../../contract/refusals.ts'
import { AppConnection } from './stand-in/app.ts'
import { CallSetting, form } from './stand-in/call-setting.ts'
import { TestTime } from './stand-in/time.ts'

describe('a call through the sidecar', () => {
  let setting: CallSetting

  beforeEach(async () => {
    setting = await CallSetting.make()
  })
  afterEach(() => setting.close())

  it('reaches the ledger with the untouched body, the Pod credential and its claims', async () => {
    await setting.start()
    const app = await setting.open()
    app.post(form(5), {
      headers: 'authorization: Bearer sk_of_the_app\r\nx-kept: yes\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\n',
    })
    await app.answer()
    const [call] = setting.ledger.calls
    expect(call?.url).to.equal('/stripe/v1/payment_intents')
    expect(call?.body).to.equal(form(5))
    expect(call?.headers).to.include({ authorization: 'Bearer pod-credential-0', 'x-kept': 'yes' })
    expect(call?.headers).to.not.have.any.keys('x-hop', 'jobcap-note')
    expect(call?.claims).to.deep.include({
      historyId: 'history-1',
      life: 1,
      ord: { boot: 1, seq: 1 },
      seen: [],
      delivery: { intactSinceBoot: 1, delivering: [] },
      saysDiverged: false,
      open: [],
    })
    expect(call?.claims.identity).to.include({ route: 'POST /v1/payment_intents', kind: 'mutating', key: null })
  })

  it('is answered with the vendor’s status, headers and body; a replay is marked and our note taken off', async () => {
    await setting.start()
    setting.ledger.onCall = (call) =>
      call.answer(402, '{"error":{}}', {
        note: { replayed: true, callId: 'call_1' },
        headers: { 'request-id': 'req_1', 'jobcap-x': 'no' },
      })
    const app = await setting.open()
    const answer = await app.post(form(5)).answer()
    expect(answer).to.include({ status: 402, body: '{"error":{}}' })
    expect(answer.headers).to.include({ 'request-id': 'req_1', 'jobcap-replayed': 'true', 'jobcap-call-id': 'call_1' })
    expect(answer.headers).to.not.have.any.keys('jobcap-note', 'jobcap-x')
  })

  it('is refused with a number for a code where the SDK of the app takes no text there: by the ledger, and by itself', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => call.refuse(refusal('cap_exhausted', 'Spent.'))
    const headers = 'user-agent: twilio-go/1.31.0 (linux amd64) go/go1.26.8\r\n'
    const byLedger = await (await setting.open()).post(form(5), { headers }).answer()
    expect(byLedger.headers).to.include({ 'jobcap-refused': 'cap_exhausted' })
    expect(JSON.parse(byLedger.body)).to.include({ code: 20_429, status: 429, message: 'Spent.' })
    const byItself = await (await setting.open()).post(form(5), { headers: `${headers}jobcap-x: 1\r\n` }).answer()
    expect(JSON.parse(byItself.body)).to.include({ code: 20_000 + byItself.status, status: byItself.status })
  })

  it('is answered with what is no refusal of ours untouched, whatever its headers say and the SDK of the app reads', async () => {
    await setting.start()
    const headers = 'user-agent: twilio-go/1.31.0 (linux amd64) go/go1.26.8\r\n'
    for (const body of ['spent, and this is no JSON', '[7]', '{"code":"card_declined"}', '']) {
      setting.ledger.onCall = (call) => call.answer(200, body, { headers: { 'jobcap-refused': 'cap_exhausted' } })
      const answer = await (await setting.open())
        .post(form(5, 'cus_1', `&metadata[of]=${body.length}`), { headers })
        .answer()
      expect(answer).to.include({ status: 200, body })
    }
  })

  it('waits for its turn behind a call to the same counterparty, while other calls pass', async () => {
    await setting.start()
    setting.hold()
    const [first, second, other] = [await setting.open(), await setting.open(), await setting.open()]
    first.post(form(5))
    await setting.ledger.until(() => setting.held.length === 1)
    second.post(form(5, 'cus_1', '&metadata[at]=2'))
    other.post(form(7))
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(1).body).to.equal(form(7))
    setting.nth(0).refuse(refusal('vendor_unreachable'))
    await setting.ledger.until(() => setting.held.length === 3)
    expect(setting.nth(2).claims.ord).to.deep.equal({ boot: 1, seq: 3 })
    expect(setting.nth(2).claims.identity.core).to.equal(setting.nth(0).claims.identity.core)
  })

  it('is dropped unsent when its app leaves while it waits', async () => {
    await setting.start()
    setting.hold()
    const [first, second, third] = [await setting.open(), await setting.open(), await setting.open()]
    first.post(form(5))
    await setting.ledger.until(() => setting.held.length === 1)
    second.post(form(5))
    third.post(form(5, 'cus_9'))
    await setting.ledger.until(() => setting.held.length === 2)
    second.socket.destroy()
    const last = await setting.open()
    last.post(form(5))
    setting.nth(0).refuse(refusal('vendor_unreachable'))
    await first.answer()
    await setting.ledger.until(() => setting.held.length === 3)
    setting.nth(2).answer(200, '{}')
    expect((await last.answer()).status).to.equal(200)
    expect(setting.held).to.have.length(3)
  })

  it('under a named key waits for the answer to the same key, and needs no evidence', async () => {
    await setting.start()
    setting.hold()
    const key = { headers: 'idempotency-key: invoice-7\r\n' }
    const [first, second] = [await setting.open(), await setting.open()]
    first.post(form(5), key)
    await setting.ledger.until(() => setting.held.length === 1)
    second.post(form(5), key)
    expect(setting.nth(0).claims.identity.key).to.deep.equal({ kind: 'named', value: 'invoice-7' })
    setting.nth(0).answer(200, '{"id":"a"}')
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(1).claims.ord).to.deep.equal({ boot: 1, seq: 2 })
    setting.nth(1).answer(200, '{"id":"a"}')
    expect((await second.answer()).body).to.equal('{"id":"a"}')
    expect(await setting.sidecar.file('deliveries.jsonl')).to.not.include('["d",')
  })

  it('on an LLM route runs beside identical ones and lists which are open', async () => {
    await setting.start()
    setting.hold()
    const [first, second] = [await setting.open(), await setting.open()]
    const chat = { path: '/geocode/v1/chat' }
    first.post('q=1', chat)
    await setting.ledger.until(() => setting.held.length === 1)
    second.post('q=1', chat)
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(0).claims.open).to.deep.equal([])
    expect(setting.nth(1).claims.open).to.deep.equal([{ boot: 1, seq: 1 }])
  })

  it('sends seen facts that do not fit into its claims ahead, and goes once they are confirmed', async () => {
    await setting.start()
    const { facts } = await setting.sidecar.proxy.started
    setting.hold()
    const app = await setting.open()
    app.post(form(5))
    await setting.ledger.until(() => setting.held.length === 1)
    const lane = `core ${setting.nth(0).claims.identity.core?.slice(0, 16)}`
    for (let n = 1; n <= 100; n += 1) facts.add({ life: 1, digest: asDigest('a'.repeat(64)), n, token: null }, lane)
    setting.nth(0).refuse(refusal('vendor_unreachable'))
    await app.answer()
    app.post(form(5))
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.ledger.reports.map(({ seen }) => seen.length)).to.deep.equal([100])
    expect(setting.nth(1).claims.seen).to.deep.equal([])
  })

  it('told to wait lets others of its counterparty go, and asks again with a new ord when one ends', async () => {
    await setting.start()
    setting.hold()
    const [first, second] = [await setting.open(), await setting.open()]
    first.post(form(5, 'cus_1', '&metadata[at]=1'))
    await setting.ledger.until(() => setting.held.length === 1)
    second.post(form(5, 'cus_1', '&metadata[at]=2'))
    setting.nth(0).refuse(refusal('call_in_progress'), { control: 'wait' })
    await setting.ledger.until(() => setting.held.length === 2)
    expect(setting.nth(1).body).to.include('at]=2')
    setting.nth(1).answer(200, '{}')
    await second.answer()
    second.socket.end()
    await setting.ledger.until(() => setting.held.length === 3)
    expect(setting.nth(2).body).to.include('at]=1')
    expect(setting.nth(2).claims).to.deep.include({ ord: { boot: 1, seq: 3 }, saysDiverged: false })
    expect(setting.nth(2).claims.seen).to.have.length(1)
  })

  it('says so after 2 s in which all that is open was told to wait', async () => {
    const time = new TestTime()
    await setting.start({ clock: time, timers: time })
    setting.ledger.onCall = (call) =>
      call.claims.saysDiverged
        ? call.refuse(refusal('replay_divergence'))
        : call.refuse(refusal('call_in_progress'), { control: 'wait' })
    const app = await setting.open()
    app.post(form(5))
    const { turns } = await setting.sidecar.proxy.started
    await setting.sidecar.until(async () => turns.toldToWait === 1)
    time.advance(1_999)
    expect(setting.ledger.calls).to.have.length(1)
    time.advance(1)
    expect((await app.answer()).headers['jobcap-refused']).to.equal('replay_divergence')
    expect(setting.ledger.calls.map(({ claims }) => claims.ord?.seq)).to.deep.equal([1, 2])
  })

  it('is refused, retryably, behind an answer unread for 30 s', async () => {
    const time = new TestTime()
    await setting.start({ clock: time, timers: time })
    const stalled = await AppConnection.openStalled(setting.port)
    setting.apps.push(stalled)
    stalled.post(form(5))
    const { turns, unread } = await setting.sidecar.proxy.started
    await setting.sidecar.until(async () => unread.size === 1 && turns.size === 1)
    await setting.sidecar.until(async () => ((await setting.sidecar.file('deliveries.jsonl')) ?? '').includes('["d",'))
    const second = await setting.open()
    second.post(form(5))
    await setting.sidecar.until(async () => turns.size === 2)
    time.advance(30_000)
    const answer = await second.answer()
    expect(answer.headers).to.include({ 'jobcap-refused': 'earlier_call_unread', 'x-should-retry': 'true' })
  })
})
