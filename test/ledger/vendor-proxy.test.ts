import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import { makeAuthority, makeServing } from '../../certs/certificates.ts'
import { ask } from '../../ledger/vendor-client/exchange.ts'
import type { VendorNetwork } from '../../ledger/vendor-client/network.ts'
import { createUndiciNetwork } from '../../ledger/vendor-client/undici-network.ts'
import { GrowingRoom } from '../../runtime/growing-room.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'

describe('the way out to vendors through a proxy', () => {
  const trusted = getCACertificates('default')
  /** What the proxy was asked for, with who asked. */
  let asked: string[]
  let word: string
  let proxy: Server
  let vendor: Server
  let vendorRequests = 0
  let network: VendorNetwork | undefined

  const portOf = (server: Server) => (server.address() as AddressInfo).port
  const listening = async (server: Server) => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }

  before(async () => {
    const making = { random: systemRandom, nowMs: Date.now() }
    const authority = await makeAuthority(making, 3_600_000)
    const pair = await makeServing(making, { authority, dnsNames: ['localhost'], lifeMs: 3_600_000 })
    setDefaultCACertificates([...trusted, authority.certPem])
    vendor = await listening(
      createServer({ cert: pair.certPem, key: pair.keyPem }, (_request, response) => {
        vendorRequests += 1
        response.end('from the vendor')
      }),
    )
    proxy = createHttpServer()
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? 'nobody'}`)
      if (word !== '200 OK') {
        socket.end(`HTTP/1.1 ${word}\r\n\r\n`)
        return
      }
      const far = connect(portOf(vendor), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        far.pipe(socket).pipe(far)
      })
      for (const end of [far, socket]) end.on('error', () => end.destroy())
    })
    await listening(proxy)
  })
  after(() => {
    setDefaultCACertificates(trusted)
    for (const server of [proxy, vendor]) server.close()
    for (const server of [proxy, vendor]) server.closeAllConnections()
  })
  beforeEach(() => {
    asked = []
    word = '200 OK'
    vendorRequests = 0
  })
  afterEach(() => network?.close())

  const send = (except: readonly string[] = []) => {
    network = createUndiciNetwork(systemTimers, { url: `http://me:secret@127.0.0.1:${portOf(proxy)}`, except })
    const request = {
      origin: `https://localhost:${portOf(vendor)}`,
      method: 'POST',
      target: '/v1/charges',
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from('amount=1'),
      idleMs: 5_000,
      onFreshConnection: false,
    }
    return ask(network, request, { maxBytes: 1_000, room: new GrowingRoom(1_000) })
  }

  it('is a tunnel: the vendor answers under its own certificate, and the proxy sees its name alone', async () => {
    const result = await send()
    expect(result.kind === 'answered' && result.answer.body.toString()).to.equal('from the vendor')
    expect(asked).to.deep.equal([`localhost:${portOf(vendor)} Basic ${Buffer.from('me:secret').toString('base64')}`])
  })

  it('that will not connect has sent nothing: the money is free again', async () => {
    for (const refusal of ['407 Proxy Authentication Required', '502 Bad Gateway']) {
      word = refusal
      expect((await send()).kind, refusal).to.equal('not_sent')
      await network?.close()
    }
    expect(vendorRequests).to.equal(0)
  })

  it('is not taken for hosts that are left out', async () => {
    expect((await send(['localhost'])).kind).to.equal('answered')
    expect(asked).to.deep.equal([])
  })
})
