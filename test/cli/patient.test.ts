import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { untilAnswered } from '../../cli/run/patient.ts'
import { createLedgerClient } from '../../ledger/client.ts'

/** A clock that only sleeping moves. */
function quickTime() {
  let nowMs = 0
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs }
  const sleep = async (delayMs: number) => {
    nowMs += delayMs
  }
  return { clock, timers: { sleep, after: () => () => {}, every: () => () => {} } }
}

describe('what a ledger must be told at the end of a Job', () => {
  const servers: { close(): unknown }[] = []
  afterEach(() => {
    for (const server of servers.splice(0)) server.close()
  })

  /** Answers each request with the next of these, and the last one again and again. */
  async function ledgerThatAnswers(...statuses: readonly number[]) {
    const asked: string[] = []
    const server = createServer((request, response) => {
      const status = statuses[Math.min(asked.length, statuses.length - 1)] ?? 500
      asked.push(`${request.method} ${request.url}`)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code: `c${status}` }))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return { client: createLedgerClient({ address: `http://127.0.0.1:${port}`, operatorToken: 't' }), asked }
  }

  it('is said again while its store is looked at', async () => {
    const { client, asked } = await ledgerThatAnswers(503, 500, 200)
    await untilAnswered(() => client.endPod('run-1', 'pod-1'), quickTime())
    expect(asked).to.deep.equal(Array(3).fill('POST /runs/run-1/pods/pod-1/ended'))
  })

  it('is not said again after a refusal that stays', async () => {
    const { client, asked } = await ledgerThatAnswers(404)
    const fault = await untilAnswered(() => client.endPod('run-1', 'pod-1'), quickTime()).catch((one: Error) => one)
    expect(fault).to.include({ code: 'c404' })
    expect(asked).to.have.lengthOf(1)
  })

  it('is given up after a minute without a ledger', async () => {
    const time = quickTime()
    const client = createLedgerClient({ address: 'http://127.0.0.1:1', operatorToken: 't' })
    const fault = await untilAnswered(() => client.endPod('run-1', 'pod-1'), time).catch((one: Error) => one)
    expect(fault).to.include({ code: 'ECONNREFUSED' })
    expect(time.clock.nowMs()).to.be.within(55_000, 60_000)
  })
})
