import { expect } from 'chai'
import { BodyRoom } from '../../runtime/body-room.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { CallSetting, form } from './stand-in/call-setting.ts'
import { TERMS } from './stand-in/ledger.ts'

const KIB = 1024

/** Each its own call, of the same size. */
const large = (n: number) => form(5, `cus_${n}`, `&description=${'x'.repeat(100 * KIB)}`)

/** For a body, as the ledger has it. */
const A_MINUTE_MS = 60_000

describe('large bodies through one sidecar', () => {
  let setting: CallSetting
  /** The ends of the minutes that are running. */
  let ends: Set<() => void>
  let tell: () => void

  const minutesHere: Timers = {
    ...systemTimers,
    after(delayMs, end) {
      if (delayMs !== A_MINUTE_MS) return systemTimers.after(delayMs, end)
      ends.add(end)
      tell()
      return () => ends.delete(end)
    },
  }
  const untilWaitedFor = async (count: number) => {
    while (ends.size < count) await new Promise<void>((resolve) => (tell = resolve))
  }

  beforeEach(async () => {
    ends = new Set()
    tell = () => {}
    setting = await CallSetting.make()
    setting.ledger.terms = { ...TERMS, maxBodyBytes: 1024 * KIB }
    await setting.start({ bodies: new BodyRoom(250 * KIB), timers: minutesHere })
    setting.hold()
  })
  afterEach(() => setting.close())

  const came = (count: number) => setting.ledger.until(() => setting.held.length === count)
  const customers = () => setting.held.map(({ body }) => /customer=(\w+)/.exec(body)?.[1])
  const begin = async (n: number) => {
    const app = await setting.open()
    return app.post(large(n))
  }

  it('wait for those before them, unread, and small ones pass', async () => {
    await begin(1)
    await came(1)
    const second = await begin(2)
    await came(2)
    const third = await begin(3)
    const small = await setting.open()
    small.post(form(5, 'cus_small'))
    await came(3)
    expect(customers()).to.deep.equal(['cus_1', 'cus_2', 'cus_small'])
    setting.nth(1).answer(200, '{"id":"pi_2"}')
    expect(await second.answer()).to.include({ status: 200 })
    await came(4)
    expect(setting.nth(3).body).to.equal(large(3))
    setting.nth(3).answer(200, '{"id":"pi_3"}')
    expect(await third.answer()).to.include({ status: 200, body: '{"id":"pi_3"}' })
  })

  it('whoever gives up while waiting does not hold up the next', async () => {
    const first = await begin(1)
    await came(1)
    await begin(2)
    await came(2)
    const gone = await begin(3)
    await begin(4)
    gone.socket.destroy()
    setting.nth(0).answer(200, '{"id":"pi_1"}')
    await first.answer()
    await came(3)
    setting.nth(1).answer(200, '{"id":"pi_2"}')
    await setting.ledger.until(() => customers().includes('cus_4'))
  })

  it('one that is larger than the room, and one that does not say how large it is, come through', async () => {
    const app = await setting.open()
    app.post(`${large(1)}${'y'.repeat(500 * KIB)}`)
    await came(1)
    setting.nth(0).answer(200, '{"id":"pi_1"}')
    await app.answer()
    const head = 'POST /stripe/v1/payment_intents HTTP/1.1\r\nhost: localhost\r\n'
    const type = 'content-type: application/x-www-form-urlencoded\r\n'
    const body = large(2)
    app.send(`${head}${type}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)
    await came(2)
    expect(setting.nth(1).body).to.equal(body)
  })

  it('one that does not come to its end within a minute gets 408 body_too_slow and an end, and gives its room back', async () => {
    const slow = await setting.open()
    slow.send(
      `POST /stripe/v1/payment_intents HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${240 * KIB}\r\n\r\namount=5`,
    )
    await untilWaitedFor(1)
    await begin(2)
    for (const end of ends) end()
    const { status, headers } = await slow.answer()
    expect([status, headers['jobcap-refused'], headers['x-should-retry']]).to.deep.equal([408, 'body_too_slow', 'true'])
    await slow.ended()
    await came(1)
    expect(customers()).to.deep.equal(['cus_2'])
  })

  it('no minute goes on once a body has come, or whoever sent it has gone', async () => {
    await begin(1)
    await came(1)
    const gone = await setting.open()
    gone.send('POST /stripe/v1/payment_intents HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\namount=5')
    await untilWaitedFor(1)
    gone.socket.destroy()
    await begin(2)
    await came(2)
    expect(ends.size).to.equal(0)
  })

  it('wait for room as long as it takes: no time-out of the server ends that', () => {
    expect(setting.sidecar.proxy.serverFor().requestTimeout).to.equal(0)
  })
})
