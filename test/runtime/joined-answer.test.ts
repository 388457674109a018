import { createServer, type RequestListener } from 'node:http'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import { flushAfterThisTurn } from '../../runtime/joined-answer.ts'
import { afterThisTurn } from '../../runtime/turn.ts'

const HEAD = { 'content-type': 'text/event-stream' }
const ASK = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('the head of a stream', () => {
  it('goes out though nothing follows it', async () => {
    const wire = new Wire()
    serve(wire, (_, response) => {
      response.writeHead(200, HEAD)
      flushAfterThisTurn(response)
    })
    const text = await wire.until((sofar) => sofar.endsWith('\r\n\r\n'))
    expect(text).to.match(/^HTTP\/1\.1 200 OK\r\n/)
  })

  it('goes out in one write with the events that came with it, and once', async () => {
    const wire = new Wire()
    serve(wire, (_, response) => {
      response.writeHead(200, HEAD)
      flushAfterThisTurn(response)
      queueMicrotask(() => response.write('data: 1\n\n'))
    })
    await wire.until((text) => text.includes('data: 1'))
    await new Promise<void>(afterThisTurn)
    expect(wire.writes).to.have.length(1)
    expect(wire.writes[0]).to.match(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n9\r\ndata: 1\n\n\r\n$/)
  })

  it('goes out behind the answer before it on the same connection', async () => {
    const wire = new Wire()
    let asked = 0
    serve(wire, (_, response) => {
      asked += 1
      response.writeHead(200, asked === 1 ? { 'content-length': 1 } : HEAD)
      if (asked === 1) afterThisTurn(() => response.end('a'))
      else flushAfterThisTurn(response)
    })
    wire.push(ASK)
    const text = await wire.until((sofar) => sofar.split('\r\n\r\n').length === 3 && sofar.endsWith('\r\n\r\n'))
    expect(text).to.include('event-stream')
  })
})

/** What a socket is to Node's server; each write is what one call to the system would be. */
class Wire extends Duplex {
  readonly writes: string[] = []
  readonly #waiting: (() => void)[] = []

  get bytesWritten(): number {
    return this.writes.join('').length + this.writableLength
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, _: string, done: () => void): void {
    this.#wrote([{ chunk }], done)
  }

  override _writev(chunks: { chunk: Buffer | string }[], done: () => void): void {
    this.#wrote(chunks, done)
  }

  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.writes.join(''))) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.writes.join('')
  }

  #wrote(chunks: readonly { chunk: Buffer | string }[], done: () => void): void {
    this.writes.push(chunks.map(({ chunk }) => Buffer.from(chunk).toString('latin1')).join(''))
    done()
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

function serve(wire: Wire, listener: RequestListener): void {
  createServer(listener).emit('connection', wire)
  wire.push(ASK)
}
