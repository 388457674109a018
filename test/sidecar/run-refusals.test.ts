import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { refusal } from '../../contract/refusals.ts'
import { CallSetting, form } from './stand-in/call-setting.ts'

describe('what a sidecar knows of refusals that hold for its run', () => {
  let setting: CallSetting

  beforeEach(async () => {
    setting = await CallSetting.make()
  })
  afterEach(() => setting.close())

  const spent = refusal('cap_exhausted', undefined, {
    level: 'run',
    limit_usd: '5.00',
    spent_usd: '4.80',
    reserved_usd: '0.00',
  })

  it('remembers a spent cap over a restart, tells people of it, and leaves with 93', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => call.refuse(spent, { capLevel: 'run' })
    expect((await (await setting.open()).post(form(5)).answer()).status).to.equal(429)
    const message = JSON.parse(readFileSync(join(setting.sidecar.stateDir, 'termination-log'), 'utf8')) as object
    expect(message).to.include({ reason: 'cap_exhausted', level: 'run', limitUsd: '5.00', spentUsd: '4.80' })
    expect(message).to.have.property('message').that.includes('$4.80 is spent and $0.00 is reserved')
    expect(await setting.sidecar.proxy.farewell()).to.equal(93)
    setting.sidecar.close()
    await setting.start({ stateDir: setting.sidecar.stateDir })
    expect(await setting.sidecar.proxy.farewell()).to.equal(93)
  })

  it('forgets a spent cap once a later new call passes that level, and only that', async () => {
    await setting.start()
    const app = await setting.open()
    setting.ledger.onCall = (call) => call.refuse(spent, { capLevel: 'run' })
    await app.post(form(5)).answer()
    setting.ledger.onCall = (call) => call.answer(200, '{}', { note: { passed: ['policy_day'] } })
    await app.post(form(5)).answer()
    const { refusals } = await setting.sidecar.proxy.started
    expect(refusals.exitCode).to.equal(93)
    setting.ledger.onCall = (call) => call.answer(200, '{}', { note: { passed: ['run', 'policy_day'] } })
    await app.post(form(5)).answer()
    expect(refusals.exitCode).to.equal(0)
    expect(readFileSync(join(setting.sidecar.stateDir, 'termination-log'), 'utf8')).to.equal('')
  })

  it('forgets a spent cap where the answer that may have passed it is lost and the repeat is answered', async () => {
    await setting.start()
    const app = await setting.open()
    setting.ledger.onCall = (call) => call.refuse(spent, { capLevel: 'run' })
    await app.post(form(5)).answer()
    const { refusals } = await setting.sidecar.proxy.started
    let asked = 0
    setting.ledger.onCall = (call) => {
      asked += 1
      if (asked === 1) call.cut()
      else call.answer(200, '{}', { note: { replayed: true } })
    }
    await app.post(form(5)).answer()
    expect([asked, refusals.exitCode]).to.deep.equal([2, 0])
  })

  it('still knows a spent cap where the repeat of a request without an answer finds no room either', async () => {
    await setting.start()
    const app = await setting.open()
    let asked = 0
    setting.ledger.onCall = (call) => {
      asked += 1
      if (asked === 1) call.cut()
      else call.refuse(spent, { capLevel: 'run' })
    }
    await app.post(form(5)).answer()
    expect([asked, (await setting.sidecar.proxy.started).refusals.exitCode]).to.deep.equal([2, 93])
  })

  for (const [level, passed, exitCode] of [
    ['policy_day', ['run'], 0],
    ['policy_namespace_day', ['run', 'policy_day'], 0],
    // Of which vendor and which class it was is not known.
    ['policy_vendor_day', ['run', 'policy_day'], 93],
    ['policy_class_day', ['run', 'policy_day'], 93],
    // Money of a class counts in that level alone.
    ['policy_day', ['policy_class_day'], 93],
  ] as const) {
    it(`${exitCode === 0 ? 'forgets' : 'still knows'} a spent ${level} once a call passes ${passed.join(' and ')}, without a limit there`, async () => {
      await setting.start()
      const app = await setting.open()
      setting.ledger.onCall = (call) => call.refuse(spent, { capLevel: level })
      await app.post(form(5)).answer()
      setting.ledger.onCall = (call) => call.answer(200, '{}', { note: { passed } })
      await app.post(form(5)).answer()
      expect((await setting.sidecar.proxy.started).refusals.exitCode).to.equal(exitCode)
    })
  }

  for (const level of ['policy_vendor_day', 'policy_class_day'] as const) {
    it(`knows the spent ${level} of one vendor until a call to that one passes its cap`, async () => {
      await setting.start()
      const { refusals } = await setting.sidecar.proxy.started
      const app = await setting.open()
      setting.ledger.onCall = (call) => call.refuse(spent, { capLevel: level })
      await app.post(form(5)).answer()
      setting.ledger.onCall = (call) => call.answer(200, '{}', { note: { passed: ['run', level] } })
      await app.post('address=1', { path: '/geocode/v1/lookup' }).answer()
      expect(refusals.exitCode).to.equal(93)
      await app.post(form(5)).answer()
      expect(refusals.exitCode).to.equal(0)
    })
  }

  it('leaves with 0 once a new call passes where the run was refused for good, as after its revival', async () => {
    await setting.start()
    const app = await setting.open()
    setting.ledger.onCall = (call) => call.refuse(refusal('key_ended'))
    await app.post(form(5)).answer()
    const { refusals } = await setting.sidecar.proxy.started
    expect(refusals.exitCode).to.equal(93)
    setting.ledger.onCall = (call) => call.answer(200, '{}', { note: { passed: ['run'] } })
    await app.post(form(5)).answer()
    expect(refusals.exitCode).to.equal(0)
  })

  it('leaves with 93 after a refusal that holds for the whole run, and still asks at each call', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => call.refuse(refusal('key_revoked'))
    const app = await setting.open()
    await app.post(form(5)).answer()
    await app.post(form(5)).answer()
    expect(setting.ledger.calls).to.have.length(2)
    expect(await setting.sidecar.proxy.farewell()).to.equal(93)
  })

  it('leaves with 0 after refusals that hold for one call only', async () => {
    await setting.start()
    setting.ledger.onCall = (call) => call.refuse(refusal('endpoint_not_allowed'))
    await (await setting.open()).post(form(5)).answer()
    expect(await setting.sidecar.proxy.farewell()).to.equal(0)
    expect(existsSync(join(setting.sidecar.stateDir, 'termination-log'))).to.equal(false)
  })
})
