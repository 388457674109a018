import { connect } from 'node:net'
import { expect } from 'chai'
import type { Fault } from '../../fake-vendors/faults.ts'
import {
  CHARGE,
  type Exchange,
  exchange,
  FORM_HEADERS,
  json,
  poster,
  type Started,
  startStripe,
  statusOf,
} from './started.ts'

const PATH = '/v1/payment_intents'

describe('scripted faults of a stand-in, on real sockets', () => {
  let fake: Started
  beforeEach(async () => {
    fake = await startStripe()
  })
  afterEach(() => fake.stop())
  const post = poster(() => fake.url)

  const charge = (customer = 'cus_0001'): Promise<Exchange> => post(PATH, CHARGE.replace('cus_0001', customer))
  const kinds = () => fake.truth().map((line) => line.kind)

  /** What the client sees, and whether the charge happened. */
  const TABLE: [fault: Fault, seen: number | string, happened: boolean][] = [
    [{ kind: 'answer', when: 'before', status: 500 }, 500, false],
    [{ kind: 'answer', when: 'after', status: 500 }, 500, true],
    [{ kind: 'answer', when: 'before', status: 503 }, 503, false],
    [{ kind: 'answer', when: 'before', status: 429 }, 429, false],
    [{ kind: 'answer', when: 'before', status: 409 }, 409, false],
    [{ kind: 'answer', when: 'before', status: 402 }, 402, false],
    [{ kind: 'reset', when: 'before' }, 'ECONNRESET', false],
    [{ kind: 'reset', when: 'after' }, 'ECONNRESET', true],
    [{ kind: 'garbage', when: 'before' }, 'HPE_INVALID_CONSTANT', false],
    [{ kind: 'garbage', when: 'after' }, 'HPE_INVALID_CONSTANT', true],
    [{ kind: 'half', when: 'after' }, 'ECONNRESET', true],
    [{ kind: 'wrong_length', when: 'after', byBytes: 10 }, 'ECONNRESET', true],
    [{ kind: 'delay', when: 'before', delayMs: 5 }, 200, true],
    [{ kind: 'delay', when: 'after', delayMs: 5 }, 200, true],
    [{ kind: 'drip', when: 'after', chunkBytes: 100, everyMs: 1 }, 200, true],
  ]
  for (const [fault, seen, happened] of TABLE) {
    const name = `${JSON.stringify(fault)} → the client sees ${seen}, ${happened ? 'charged' : 'nothing happened'}`
    it(name, async () => {
      await fake.control.addFault({ fault })
      const spoilt = await charge()
      expect(statusOf(spoilt)).to.equal(seen)
      const [line, ...more] = fake.truth()
      expect(more).to.deep.equal([])
      const without = fault.kind === 'answer' && fault.status === 402 ? 'declined' : 'refused'
      expect(line?.kind).to.equal(happened ? 'effect' : without)
      if (fault.when === 'after' || fault.kind !== 'delay') expect(line).to.have.property('fault', fault.kind)
      expect(statusOf(await charge())).to.equal(200)
    })
  }

  it('a Content-Length that is too small cuts the answer short', async () => {
    await fake.control.addFault({ fault: { kind: 'wrong_length', when: 'after', byBytes: -10 } })
    const cut = await charge()
    expect(() => json(cut)).to.throw()
    expect(kinds()).to.deep.equal(['effect'])
  })

  it('a dripped answer is whole in the end', async () => {
    await fake.control.addFault({ fault: { kind: 'drip', when: 'after', chunkBytes: 64, everyMs: 1 } })
    expect(json(await charge()).status).to.equal('succeeded')
  })

  for (const when of ['before', 'after'] as const) {
    it(`silence ${when} the effect keeps the connection open until the client leaves`, async () => {
      await fake.control.addFault({ fault: { kind: 'silence', when } })
      const client = new AbortController()
      const headers = FORM_HEADERS
      const answer = exchange(fake.url, { path: PATH, headers, body: CHARGE, signal: client.signal })
      await fake.control.reached(when === 'before' ? 'refused' : 'effect', 1)
      client.abort()
      expect(statusOf(await answer)).to.equal('ABORT_ERR')
      expect(statusOf(await charge())).to.equal(200)
    })
  }

  it('a client that leaves in the middle of its request causes no effect', async () => {
    const { hostname, port } = new URL(fake.url)
    const socket = connect(Number(port), hostname)
    const head = Object.entries(FORM_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\n${head.join('')}Content-Length: ${CHARGE.length}\r\n\r\namount=`)
    await new Promise<void>((resolve) => {
      socket.end(() => resolve())
    })
    await new Promise<void>((resolve) => {
      socket.resume().once('close', () => resolve())
    })
    await charge()
    expect(kinds()).to.deep.equal(['effect'])
  })

  it('a fault spoils only the calls that it matches, as often as it says, after those it skips', async () => {
    await fake.control.addFault({
      match: { method: 'POST', path: '/v1/*', body: { customer: 'cus_0002' } },
      fault: { kind: 'answer', when: 'before', status: 500 },
      skip: 1,
      times: 2,
    })
    const seen: (number | string)[] = []
    for (const customer of ['cus_0001', 'cus_0002', 'cus_0002', 'cus_0001', 'cus_0002', 'cus_0002']) {
      seen.push(statusOf(await charge(customer)))
    }
    expect(seen).to.deep.equal([200, 200, 500, 200, 500, 200])
  })

  it('a fault can match metadata, a key and what the call came to', async () => {
    const reset: Fault = { kind: 'reset', when: 'after' }
    await fake.control.addFault({ match: { body: { 'metadata[order]': '7' } }, fault: reset })
    await fake.control.addFault({ match: { headers: { 'idempotency-key': 'k2' }, kinds: ['replay'] }, fault: reset })
    const send = (more: string, key: string) => post(PATH, `${CHARGE}${more}`, { 'Idempotency-Key': key })
    expect(statusOf(await send('&metadata[order]=8', 'k1'))).to.equal(200)
    expect(statusOf(await send('&metadata[order]=7', 'k3'))).to.equal('ECONNRESET')
    expect(statusOf(await send('', 'k2'))).to.equal(200)
    expect(statusOf(await send('', 'k2'))).to.equal('ECONNRESET')
  })

  it('cleared faults spoil nothing', async () => {
    await fake.control.addFault({ fault: { kind: 'reset', when: 'before' }, times: null })
    await fake.control.clearFaults()
    expect(statusOf(await charge())).to.equal(200)
  })

  const MISTAKES: [sent: unknown, says: string][] = [
    [{ fault: { kind: 'explode' } }, 'unknown fault explode'],
    [{ fault: { kind: 'reset' } }, 'when must be'],
    [{ fault: { kind: 'half', when: 'before' } }, 'only be "after"'],
    [{ fault: { kind: 'reset', when: 'after', often: 2 } }, 'unknown field often'],
    [{ fault: { kind: 'answer', when: 'after', status: 429 } }, 'only when nothing has happened'],
    [{ fault: { kind: 'answer', when: 'after', status: 500, saved: false } }, 'saved is for when "before"'],
    [{ fault: { kind: 'answer', when: 'before', status: 99 } }, 'between 200 and 599'],
    [{ fault: { kind: 'reset', when: 'after' }, times: 0 }, 'at least 1'],
    [{ fault: { kind: 'reset', when: 'after' }, match: { kinds: ['charge'] } }, 'unknown kind charge'],
    [{ times: 1 }, 'fault must be an object'],
  ]
  for (const [sent, says] of MISTAKES) {
    it(`the control port refuses ${JSON.stringify(sent)}`, async () => {
      const response = await fetch(`${fake.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(sent) })
      expect(response.status).to.equal(400)
      expect(await response.json())
        .to.have.property('error')
        .that.contains(says)
    })
  }
})
