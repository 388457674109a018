import { expect } from 'chai'
import { EXIT_UNREACHABLE } from '../../contract/exit-codes.ts'
import { refusal, refusalBody } from '../../contract/refusals.ts'
import { createLog } from '../../runtime/log.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { systemFiles } from '../../sidecar/files.ts'
import { readIssuerConfig } from '../../sidecar/issuer/config.ts'
import { issue } from '../../sidecar/issuer/issue.ts'
import type { TellProxy } from '../../sidecar/issuer/tell-proxy.ts'
import { connectLedger, type LedgerLink, LedgerUnreachable } from '../../sidecar/ledger-link.ts'
import { newStateDir, StandInLedger } from './stand-in/ledger.ts'
import { TestTime } from './stand-in/time.ts'

const MINUTE_MS = 60_000

/** The issuer up to its end, in a Pod whose proxy answers so: its exit code, what it left, and how long it took. */
async function issued(tellProxy: TellProxy, env: Record<string, string> = {}, link?: LedgerLink) {
  const ledger = await StandInLedger.start()
  try {
    const stateDir = newStateDir()
    const config = readIssuerConfig({ JOBCAP_LEDGER_URL: ledger.url, JOBCAP_STATE_DIR: stateDir, ...env })
    if (typeof config === 'string') return expect.fail(config)
    const time = new TestTime({ hurries: true })
    const startedMs = time.monotonicMs()
    let left = ''
    const code = await issue(
      {
        clock: time,
        timers: time,
        random: systemRandom,
        files: {
          ...systemFiles,
          read: async () => 'pod-token',
          overwrite: async (_path, text) => void (left = text),
        },
        ledger: link ?? connectLedger(config.ledger, systemTimers),
        tellProxy,
        log: createLog('issuer', 'silent'),
      },
      config,
    )
    return { code, left: left === '' ? undefined : JSON.parse(left), tookMs: time.monotonicMs() - startedMs }
  } finally {
    await ledger.close()
  }
}

describe('a proxy that does not take the credential', () => {
  it('is waited for a minute, not for as long as a ledger; then the message says that the port may be taken', async () => {
    const { code, left, tookMs } = await issued(async () => undefined)
    expect(code).to.equal(EXIT_UNREACHABLE)
    expect(tookMs).to.be.within(MINUTE_MS - 1_000, MINUTE_MS)
    expect(left.message).to.match(
      /^No proxy answered on port 8080 of this Pod within 60 s\. .* port is taken, let the container/,
    )
  })

  it('is waited for no longer than the issuer may wait for a ledger', async () => {
    const { code, tookMs } = await issued(async () => undefined, { JOBCAP_ISSUE_DEADLINE_MS: '5000' })
    expect(code).to.equal(EXIT_UNREACHABLE)
    expect(tookMs).to.be.within(4_900, 5_000)
  })

  it('is not waited for when something else answers in its place', async () => {
    const { code, left, tookMs } = await issued(async () => 501, { JOBCAP_PORT: '9000' })
    expect([code, tookMs]).to.deep.equal([EXIT_UNREACHABLE, 0])
    expect(left.message).to.match(/^What listens on port 9000 of this Pod answered 501, /)
  })

  it('leaves no message once it does', async () => {
    const answers = [undefined, undefined, 200]
    expect(await issued(async () => answers.shift())).to.deep.equal({ code: 0, left: undefined, tookMs: 40 })
  })
})

describe('a ledger that gives no credential', () => {
  it('since it is not found, for five minutes ends the issuer, whose termination message says so, and why', async () => {
    const link: LedgerLink = {
      ask: () => Promise.reject(new LedgerUnreachable('getaddrinfo ENOTFOUND jobcap-ledger.jobcap.svc')),
    }
    const { code, left, tookMs } = await issued(async () => 200, {}, link)
    expect(code).to.equal(EXIT_UNREACHABLE)
    expect(tookMs).to.be.within(5 * MINUTE_MS - 5_000, 5 * MINUTE_MS)
    expect(left.message).to.equal(
      'The ledger gave this Pod no credential within 300 s, so the app was not started: getaddrinfo ENOTFOUND jobcap-ledger.jobcap.svc',
    )
  })
  it('for want of a policy leaves the code beside the message, by which the event on the Job knows the way out', async () => {
    const body = Buffer.from(refusalBody(refusal('policy_missing')))
    const link: LedgerLink = { ask: () => Promise.resolve({ status: 503, headers: {}, body }) }
    const { code, left } = await issued(async () => 200, {}, link)
    expect(code).to.equal(EXIT_UNREACHABLE)
    expect(left.reason).to.equal('policy_missing')
    expect(left.message).to.contain('within 300 s, so the app was not started: No policy of this name is loaded')
  })
})
