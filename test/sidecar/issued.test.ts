import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { asHistoryId } from '../../contract/ids.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { readCredential } from '../../sidecar/credential-file.ts'
import { systemFiles } from '../../sidecar/files.ts'
import { connectLedger, type LedgerLink, parseLedgerAddress } from '../../sidecar/ledger-link.ts'
import { AppConnection, type RawAnswer } from './stand-in/app.ts'
import { newStateDir, StandInLedger } from './stand-in/ledger.ts'
import { SidecarUnderTest, writeIssued } from './stand-in/sidecar.ts'

const BODY = 'amount=5&currency=usd&customer=cus_1'

describe("the issuer's word to the proxy", () => {
  let ledger: StandInLedger
  let stateDir: string
  let sidecar: SidecarUnderTest
  let port: number
  let apps: AppConnection[]

  const ask = async (send: (app: AppConnection) => AppConnection): Promise<RawAnswer> => {
    const app = await AppConnection.open(port)
    apps.push(app)
    return send(app).answer()
  }
  const pay = () => ask((app) => app.post(BODY))
  const say = (method = 'POST') =>
    ask((app) => app.send(`${method} /_jobcap/issued HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`))
  const start = async (link?: LedgerLink) => {
    sidecar = new SidecarUnderTest(ledger.url, { stateDir, ...(link === undefined ? {} : { ledger: link }) })
    port = await sidecar.listen()
  }
  /** The issuer runs: a life of the Pod that is its own, and a credential of it. */
  const issue = async (life: number) => {
    ledger.life = life
    await writeIssued(stateDir, { ...ledger.exchangeAnswer(), credential: `issued-${life}` })
  }

  beforeEach(async () => {
    ledger = await StandInLedger.start()
    stateDir = newStateDir()
    writeFileSync(join(stateDir, 'token'), 'pod-token')
    apps = []
  })

  afterEach(async () => {
    for (const app of apps) app.socket.destroy()
    sidecar.close()
    await ledger.close()
  })

  it('lets calls go on that have waited for the credential', async () => {
    await start()
    expect((await say()).status, 'there is none').to.equal(404)
    expect((await say('GET')).status).to.equal(404)
    const waiting = pay()
    await issue(1)
    expect((await say()).status).to.equal(200)
    expect((await waiting).status).to.equal(200)
    expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer issued-1')
  })

  it('is answered by a proxy that cannot use its volume, so that the Pod does not wait', async () => {
    writeFileSync(join(stateDir, 'boot'), '1')
    const link: LedgerLink = { ask: () => Promise.reject(new Error('not asked')) }
    const files = { ...systemFiles, replace: () => Promise.reject(new Error('the volume is gone')) }
    sidecar = new SidecarUnderTest(ledger.url, { stateDir, files, ledger: link })
    port = await sidecar.listen()
    await issue(1)
    expect((await say()).status).to.equal(404)
  })

  describe('in a Pod that is set up anew, over what the proxy found on its volume', () => {
    beforeEach(async () => {
      await issue(2)
      await start()
      const { credentials } = await sidecar.proxy.started
      expect(await credentials.renew()).to.deep.equal({ kind: 'renewed' })
      expect((await pay()).status).to.equal(200)
      sidecar.close()
    })

    it('the next call is of the new life, under the new credential', async () => {
      await start()
      await sidecar.proxy.started
      await issue(3)
      expect((await say()).status).to.equal(200)
      await pay()
      expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer pod-credential-1')
      expect(ledger.calls[1]?.headers.authorization).to.equal('Bearer issued-3')
      expect(ledger.calls[1]?.claims).to.include({ life: 3 })
    })

    it('so it is after the proxy has died, whatever it had renewed before', async () => {
      await issue(3)
      await start()
      await pay()
      expect(ledger.calls[1]?.headers.authorization).to.equal('Bearer issued-3')
    })

    it('even if the store has lost so much that the new life has a lower number', async () => {
      await start()
      await sidecar.proxy.started
      ledger.historyId = asHistoryId('history-2')
      await issue(1)
      expect((await say()).status).to.equal(200)
      await pay()
      expect(ledger.calls.at(-1)?.headers.authorization).to.equal('Bearer issued-1')
      expect(ledger.calls.at(-1)?.claims).to.include({ life: 1, historyId: 'history-2' })
    })

    it('a renewal that was under way is of the old life, and is dropped', async () => {
      const address = parseLedgerAddress(ledger.url)
      if (address === undefined) throw new Error(`no address: ${ledger.url}`)
      const link = connectLedger(address, systemTimers)
      const held = Promise.withResolvers<void>()
      const slow: LedgerLink = {
        async ask(request) {
          const answer = await link.ask(request)
          if (request.path.endsWith('/exchange')) await held.promise
          return answer
        },
      }
      await start(slow)
      const { credentials } = await sidecar.proxy.started
      const renewing = credentials.renew()
      await ledger.until(() => ledger.exchanges.length === 2)
      await issue(3)
      expect((await say()).status).to.equal(200)
      held.resolve()
      await renewing
      await pay()
      expect(ledger.calls.at(-1)?.headers.authorization).to.equal('Bearer issued-3')
      expect((await readCredential(systemFiles, stateDir))?.answer).to.include({ credential: 'issued-3', life: 3 })
    })
  })

  it('said again, by whomever, takes back no renewed credential', async () => {
    await issue(1)
    await start()
    const { credentials } = await sidecar.proxy.started
    await credentials.renew()
    expect((await say()).status).to.equal(200)
    await pay()
    expect(ledger.calls[0]?.headers.authorization).to.equal('Bearer pod-credential-1')
    expect((await readCredential(systemFiles, stateDir))?.answer.credential).to.equal('pod-credential-1')
  })
})
