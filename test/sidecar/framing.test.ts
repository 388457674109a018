import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { AppConnection } from './stand-in/app.ts'
import { StandInLedger } from './stand-in/ledger.ts'
import { SidecarUnderTest } from './stand-in/sidecar.ts'

const BODY = 'amount=5&currency=usd&customer=cus_1'
const FORM = 'content-type: application/x-www-form-urlencoded\r\n'
const post = (headers: string, body = BODY, path = '/stripe/v1/payment_intents') =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${FORM}${headers}\r\n${body}`
const LENGTH = `content-length: ${BODY.length}\r\n`

/** What is sent, and the refusal: status and code. None of it may reach the ledger. */
const REFUSED: readonly [string, string, string][] = [
  ['two lengths', post(`${LENGTH}content-length: 5\r\n`), '400 request_malformed'],
  ['two equal lengths', post(LENGTH + LENGTH), '400 request_malformed'],
  ['a length and chunks', post(`${LENGTH}transfer-encoding: chunked\r\n`, '0\r\n\r\n'), '400 request_malformed'],
  ['chunks and a length', post(`transfer-encoding: chunked\r\n${LENGTH}`, '0\r\n\r\n'), '400 request_malformed'],
  ['a length that is not a number', post('content-length: +36\r\n'), '400 request_malformed'],
  [
    'a chunk size that is not hexadecimal',
    post('transfer-encoding: chunked\r\n', 'zz\r\nab\r\n0\r\n\r\n'),
    '400 request_malformed',
  ],
  [
    'a chunk longer than its size',
    post('transfer-encoding: chunked\r\n', '2\r\nabcd\r\n0\r\n\r\n'),
    '400 request_malformed',
  ],
  [
    'a transfer encoding besides chunked',
    post('transfer-encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    '400 request_malformed',
  ],
  ['an unknown transfer encoding', post('transfer-encoding: xchunked\r\n'), '400 request_malformed'],
  ['a space before the colon', post(`x-a : 1\r\n${LENGTH}`), '400 request_malformed'],
  ['a folded header', post(`x-a: 1\r\n b: 2\r\n${LENGTH}`), '400 request_malformed'],
  ['a bare line feed in the head', `GET /stripe/v1/charges HTTP/1.1\nhost: a\n\n`, '400 request_malformed'],
  [
    'a target with scheme and host',
    'GET http://api.stripe.com/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n',
    '400 request_malformed',
  ],
  ['no host', 'GET /stripe/v1/charges HTTP/1.1\r\n\r\n', '400 request_malformed'],
  ['an expectation that is not known', post(`expect: 200-ok\r\n${LENGTH}`), '400 request_malformed'],
  ['two hosts', 'GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', '400 request_malformed'],
  ['two content types', post(`content-type: application/json\r\n${LENGTH}`), '400 request_malformed'],
  ['CONNECT', 'CONNECT api.stripe.com:443 HTTP/1.1\r\nhost: api.stripe.com\r\n\r\n', '400 request_malformed'],
  [
    'a change of protocol on a paid route',
    post(`connection: upgrade\r\nupgrade: websocket\r\n${LENGTH}`),
    '400 request_malformed',
  ],
  ['a header of ours', post(`Jobcap-Claims: v1 {}\r\n${LENGTH}`), '400 header_forbidden'],
  ['a header that looks like ours to some servers', post(`jobcap_note: {}\r\n${LENGTH}`), '400 header_forbidden'],
  ['a path with ..', 'GET /stripe/v1/../v1/charges HTTP/1.1\r\nhost: a\r\n\r\n', '400 path_ambiguous'],
  ['a path with an encoded ..', 'GET /stripe/%2e%2e/vault/keys HTTP/1.1\r\nhost: a\r\n\r\n', '400 path_ambiguous'],
  ['a path with an encoded slash', 'GET /stripe%2fv1/charges HTTP/1.1\r\nhost: a\r\n\r\n', '400 path_ambiguous'],
  ['a path with an empty segment', 'GET //stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n', '400 path_ambiguous'],
  ['a path with a back-slash', 'GET /stripe\\v1/charges HTTP/1.1\r\nhost: a\r\n\r\n', '400 path_ambiguous'],
  [
    'the ledger’s own routes',
    'POST /vault/keys HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
    '404 vendor_unknown',
  ],
  ['a body over the limit', post('content-length: 70000\r\n', 'a'), '413 body_too_large'],
  [
    'chunks over the limit',
    post('transfer-encoding: chunked\r\n', `11170\r\n${'a'.repeat(70_000)}\r\n`),
    '413 body_too_large',
  ],
  [
    'a body over the limit that asks first',
    post('content-length: 70000\r\nexpect: 100-continue\r\n', ''),
    '413 body_too_large',
  ],
  ['a content encoding that we do not know', post(`content-encoding: zstd\r\n${LENGTH}`), '400 body_unreadable'],
  ['gzip that is none', post(`content-encoding: gzip\r\n${LENGTH}`), '400 body_unreadable'],
]

describe('what an app sends', () => {
  let ledger: StandInLedger
  let sidecar: SidecarUnderTest
  let app: AppConnection

  beforeEach(async () => {
    ledger = await StandInLedger.start()
    sidecar = await SidecarUnderTest.start(ledger)
    const port = await sidecar.listen()
    await sidecar.proxy.started
    app = await AppConnection.open(port)
  })

  afterEach(async () => {
    app.socket.destroy()
    sidecar.close()
    await ledger.close()
  })

  for (const [what, text, refused] of REFUSED) {
    it(`is refused, and reaches no ledger: ${what}`, async () => {
      const { status, headers } = await app.send(text).answer()
      expect(`${status} ${headers['jobcap-refused'] ?? ''}`.trim()).to.equal(refused)
      expect(ledger.calls).to.deep.equal([])
    })
  }

  it('behind a refused request on the same connection is not read as another one', async () => {
    const smuggled = 'GET /stripe/v1/charges HTTP/1.1\r\nhost: a\r\n\r\n'
    await app.send(post(`${LENGTH}transfer-encoding: chunked\r\n`, `0\r\n\r\n${smuggled}`)).answer()
    await app.ended()
    expect(ledger.calls).to.deep.equal([])
  })

  it('is told so when its headers do not come to their end: Node gives such a connection up', async () => {
    const server = sidecar.proxy.serverFor()
    expect(server.headersTimeout).to.equal(60_000)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const begun = once(server, 'connection')
    const slow = await AppConnection.open((server.address() as AddressInfo).port)
    const [socket] = await begun
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.emit('clientError', late, socket)
    const { status, body } = await slow.answer()
    expect([status, JSON.parse(body).message]).to.deep.equal([
      400,
      'The headers did not come to their end within a minute.',
    ])
    await slow.ended()
    server.close()
  })

  it('with a byte more than its length says gets its own answer, not the refusal of that byte, and no further one', async () => {
    const { status, headers } = await app.send(post(LENGTH, `${BODY}x`)).answer()
    expect([status, headers['jobcap-refused'], headers['connection']]).to.deep.equal([200, undefined, 'close'])
    await app.ended()
    expect(ledger.calls.map(({ body }) => body)).to.deep.equal([BODY])
  })

  it('in chunks goes on with a length, and is the same call as without', async () => {
    await app
      .send(
        post('transfer-encoding: chunked\r\n', `10\r\n${BODY.slice(0, 16)}\r\n14\r\n${BODY.slice(16)}\r\n0\r\n\r\n`),
      )
      .answer()
    await app.post(BODY).answer()
    const [chunked, plain] = ledger.calls
    expect(chunked?.body).to.equal(BODY)
    expect(chunked?.headers).to.include({ 'content-length': String(BODY.length) })
    expect(chunked?.headers).to.not.have.property('transfer-encoding')
    expect(chunked?.claims.identity.digest).to.equal(plain?.claims.identity.digest)
  })

  for (const [encoding, encode] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const) {
    it(`compressed with ${encoding} goes on plain, and is the same call as without`, async () => {
      const packed = encode(BODY)
      app.socket.write(
        Buffer.concat([
          Buffer.from(post(`content-encoding: ${encoding}\r\ncontent-length: ${packed.length}\r\n`, '')),
          packed,
        ]),
      )
      await app.answer()
      await app.post(BODY).answer()
      const [compressed, plain] = ledger.calls
      expect(compressed?.body).to.equal(BODY)
      expect(compressed?.headers).to.not.have.property('content-encoding')
      expect(compressed?.claims.identity.digest).to.equal(plain?.claims.identity.digest)
    })
  }

  it('compressed to little and large when unpacked is refused before it is unpacked whole', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000))
    expect(bomb.length).to.be.below(64 * 1024)
    app.socket.write(
      Buffer.concat([Buffer.from(post(`content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n`, '')), bomb]),
    )
    expect((await app.answer()).headers['jobcap-refused']).to.equal('body_too_large')
  })

  it('after asking with Expect: 100-continue is let come, and forwarded without the question', async () => {
    app.send(post(`${LENGTH}expect: 100-continue\r\n`, ''))
    expect((await app.answer()).status).to.equal(100)
    expect((await app.send(BODY).answer()).status).to.equal(200)
    expect(ledger.calls[0]?.headers).to.not.have.property('expect')
  })

  it('over the limit passes through unread where the route is free', async () => {
    const upload = 'u'.repeat(200_000)
    const { status } = await app.post(upload, { path: '/geocode/v1/upload' }).answer()
    expect(status).to.equal(200)
    expect(ledger.calls[0]).to.include({ url: '/geocode/v1/upload', body: upload })
    expect(ledger.calls[0]?.claims.ord).to.equal(null)
  })

  it('over the limit on a free route is let come when it asks first', async () => {
    const head = 'POST /geocode/v1/upload HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\nexpect: 100-continue\r\n\r\n'
    expect((await app.send(head).answer()).status).to.equal(100)
    expect((await app.send('u'.repeat(200_000)).answer()).status).to.equal(200)
    expect(ledger.calls[0]?.body).to.have.length(200_000)
  })

  it('over the limit in chunks passes through unread where the route is free', async () => {
    const piece = 'u'.repeat(0x8000)
    const head = `POST /geocode/v1/upload HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n`
    await app.send(`${head}${`8000\r\n${piece}\r\n`.repeat(5)}0\r\n\r\n`).answer()
    expect(ledger.calls[0]?.body).to.equal(piece.repeat(5))
  })

  it('with Java’s offer of HTTP/2 is taken as the plain request that it is', async () => {
    const offer = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'
    expect((await app.send(post(`${offer}${LENGTH}`)).answer()).status).to.equal(200)
    expect(ledger.calls[0]?.headers).to.not.have.any.keys('upgrade', 'http2-settings')
  })
})
