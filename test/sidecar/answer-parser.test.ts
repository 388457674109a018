import { expect } from 'chai'
import { type AnswerHead, AnswerParser } from '../../sidecar/link/answer-parser.ts'

interface Read {
  readonly heads: AnswerHead[]
  body: string
  isDone: boolean
}

/** Fed in pieces of `pieceBytes`, each in memory that is overwritten afterwards, as a connection's is. */
function read(text: string, pieceBytes = text.length): Read {
  const result: Read = { heads: [], body: '', isDone: false }
  const parser = new AnswerParser({
    head: (head) => result.heads.push(head),
    data: (part) => {
      result.body += part.toString('latin1')
    },
    end: () => {
      result.isDone = true
    },
  })
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(at, at + pieceBytes))
    parser.feed(piece)
    piece.fill('#')
  }
  expect(parser.isDone).to.equal(result.isDone)
  return result
}

const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const CHUNKED = 'Transfer-Encoding: chunked'

/** Answer, body; `undefined`: it has not ended. */
const READ: readonly [string, string, string | undefined][] = [
  ['a length', `${head('Content-Length: 5')}hello`, 'hello'],
  ['a length of nothing', head('Content-Length: 0'), ''],
  ['a length, cut', `${head('Content-Length: 5')}hell`, undefined],
  ['chunks', `${head(CHUNKED)}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, 'hello'],
  ['chunks with extensions and trailers', `${head(CHUNKED)}5;a=b\r\nhello\r\n0\r\nX-A: 1\r\n\r\n`, 'hello'],
  ['chunks that hold what looks like an end', `${head(CHUNKED)}6\r\n0\r\n\r\n0\r\n0\r\n\r\n`, '0\r\n\r\n0'],
  ['chunks without the last one', `${head(CHUNKED)}5\r\nhello\r\n`, undefined],
  ['chunks without the last line', `${head(CHUNKED)}5\r\nhello\r\n0\r\n`, undefined],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
  ['not modified, whatever length it tells', 'HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n', ''],
  [
    'interim answers before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n${head('Content-Length: 2')}ok`,
    'ok',
  ],
  ['a head that does not end', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', undefined],
]

const BROKEN: readonly [string, string][] = [
  ['two lengths', `${head('Content-Length: 5', 'Content-Length: 6')}hello`],
  ['two equal lengths', `${head('Content-Length: 5', 'content-length: 5')}hello`],
  ['a length and chunks', `${head('Content-Length: 5', CHUNKED)}0\r\n\r\n`],
  ['neither', head('Content-Type: text/plain')],
  ['a length with a sign', `${head('Content-Length: +5')}hello`],
  ['a hexadecimal length', `${head('Content-Length: 0x5')}hello`],
  ['a length past what numbers hold', head('Content-Length: 99999999999999999999')],
  ['an encoding besides chunked', `${head('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`],
  ['chunked twice', `${head(CHUNKED, CHUNKED)}0\r\n\r\n`],
  ['a chunk without a size', `${head(CHUNKED)}\r\n`],
  ['a size that is no number', `${head(CHUNKED)}5g\r\nhello\r\n`],
  ['a size with a sign', `${head(CHUNKED)}-5\r\nhello\r\n`],
  ['a size past what numbers hold', `${head(CHUNKED)}fffffffffffffffff\r\n`],
  ['a chunk longer than its size', `${head(CHUNKED)}4\r\nhello\r\n0\r\n\r\n`],
  ['a line of a chunk that does not end', `${head(CHUNKED)}${'0'.repeat(2_000)}`],
  ['a trailer that is no field', `${head(CHUNKED)}0\r\nnot a field\r\n\r\n`],
  ['bytes behind a length', `${head('Content-Length: 2')}ok${head('Content-Length: 2')}no`],
  ['bytes behind chunks', `${head(CHUNKED)}0\r\n\r\nHTTP/1.1`],
  ['a folded field', head('Content-Length: 2', ' 5')],
  ['a space before the colon', `${head('Content-Length : 2')}ok`],
  ['a field without a name', `${head(': 1', 'Content-Length: 2')}ok`],
  ['a bare line feed between fields', `HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok`],
  ['a bare carriage return in a field', `${head('A: b\rc', 'Content-Length: 2')}ok`],
  ['a zero byte in a field', `${head('A: b\0c', 'Content-Length: 2')}ok`],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['HTTP/2', 'HTTP/2 200\r\nContent-Length: 2\r\n\r\nok'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['a line before the status', `\r\n\r\n${head('Content-Length: 2')}ok`],
  ['a change of protocol', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
  ['interim answers without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)],
  ['a head over 32 KiB', head(`A: ${'a'.repeat(33_000)}`, 'Content-Length: 2')],
  ['a head over 32 KiB that does not end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(40_000)}`],
]

describe('an answer of the ledger', () => {
  for (const [what, text, body] of READ) {
    it(`is read in whatever pieces it comes: ${what}`, () => {
      for (const pieceBytes of [text.length, 1, 2, 3, 7]) {
        const got = read(text, pieceBytes)
        expect(got.isDone, `pieces of ${pieceBytes}`).to.equal(body !== undefined)
        if (body !== undefined) expect(got.body).to.equal(body)
      }
    })
  }

  for (const [what, text] of BROKEN) {
    it(`is refused in whatever pieces it comes: ${what}`, () => {
      for (const pieceBytes of text.length > 10_000 ? [text.length, 1_000] : [text.length, 1, 3, 7]) {
        const outcome = () => read(text, pieceBytes)
        expect(outcome, `pieces of ${pieceBytes}`).to.throw().with.property('name', 'BadAnswer')
      }
    })
  }

  it('has the fields that Node would give', () => {
    const text = head(
      'Content-Length: 0',
      'Set-Cookie: a=1',
      'SET-COOKIE: b=2',
      'X-A:  1 ',
      'x-a: 2',
      'Server: s',
      'server: t',
    )
    expect(read(text).heads[0]?.headers).to.deep.equal({
      'content-length': '0',
      'set-cookie': ['a=1', 'b=2'],
      'x-a': '1, 2',
      server: 's',
    })
    const odd = read(head('Content-Length: 0', '__proto__: x', 'constructor: y')).heads[0]?.headers
    expect(odd).to.have.property('constructor', 'y')
    expect(Object.getPrototypeOf(odd)).to.equal(Object.prototype)
  })

  it('says when the ledger will close the connection', () => {
    const isLast = (line: string) => read(head('Content-Length: 0', line)).heads[0]?.isLast
    expect(
      ['Connection: close', 'Connection: x, Close', 'Connection: keep-alive', 'A: close'].map(isLast),
    ).to.deep.equal([true, true, false, false])
  })
})
