import { expect } from 'chai'
import { EventStreamEnd } from '../../sidecar/proxy/event-stream.ts'

/** What goes out at once, and what waits for the end, of a text that comes in these parts. */
function through(parts: readonly string[]): { readonly now: string; readonly rest: string } {
  const end = new EventStreamEnd()
  const now = parts.map((part) => Buffer.from(end.next(Buffer.from(part))).toString()).join('')
  return { now, rest: Buffer.from(end.rest() ?? []).toString() }
}

/** Whole, in two parts at each place, and byte by byte. */
function splits(text: string): string[][] {
  const inTwo = Array.from({ length: text.length - 1 }, (_, at) => [text.slice(0, at + 1), text.slice(at + 1)])
  return [[text], ...inTwo, [...text]]
}

describe('the end of an event stream', () => {
  const CHUNKS = 'data: {"a":1}\n\ndata: {"b":2}\n\n'
  const ENDS: readonly [what: string, before: string, end: string][] = [
    ['as OpenAI writes it', CHUNKS, 'data: [DONE]\n\n'],
    ['without a blank', CHUNKS, 'data:[DONE]\n\n'],
    ['with CRLF', CHUNKS.replaceAll('\n', '\r\n'), 'data: [DONE]\r\n\r\n'],
    ['with CR', CHUNKS.replaceAll('\n', '\r'), 'data: [DONE]\r\r'],
    ['without an empty line', CHUNKS, 'data: [DONE]'],
    ['with a comment behind it', CHUNKS, `data: [DONE]\n\n: ${'padding '.repeat(20)}\n\n`],
    ['with a name of its event', `${CHUNKS}event: done\n`, 'data: [DONE]\n\n'],
    ['with a comment before it', `${CHUNKS}: still here\n`, 'data: [DONE]\n\n'],
    ['alone', '', 'data: [DONE]\n\n'],
    ['behind a text that speaks of it', 'data: {"text":"say data: [DONE] or [DONE]"}\n\n', 'data: [DONE]\n\n'],
  ]
  for (const [what, before, end] of ENDS) {
    it(`${what}: waits for the end, and nothing else does, however it comes in parts`, () => {
      for (const parts of splits(`${before}${end}`)) {
        expect(through(parts), JSON.stringify(parts)).to.deep.equal({ now: before, rest: end })
      }
    })
  }

  it('is not in a stream that only speaks of it: each part goes out as it comes', () => {
    const text = 'data: {"text":"data: [DONE]"}\n\n: [DONE]\n\ndata: x[DONE]\n\ndone: [DONE]\n\n'
    for (const parts of splits(text)) {
      const end = new EventStreamEnd()
      let come = ''
      let gone = ''
      for (const part of parts) {
        come += part
        gone += Buffer.from(end.next(Buffer.from(part))).toString()
        expect(come.slice(gone.length)).to.be.oneOf(['', ...beginnings('data: ')])
      }
      expect(gone).to.equal(text)
      expect(end.rest()).to.equal(undefined)
    }
  })

  it('is none where more than a comment comes after it: all goes out', () => {
    const text = `data: [DONE]\n\ndata: ${'x'.repeat(20_000)}\n\n`
    for (const parts of [[text], [text.slice(0, 14), text.slice(14)], [text.slice(0, 300), text.slice(300)]]) {
      expect(through(parts)).to.deep.equal({ now: text, rest: '' })
    }
  })

  it('keeps what it holds when the memory of a part is used again', () => {
    const end = new EventStreamEnd()
    const part = Buffer.from('data: [DONE]\n\n')
    end.next(part)
    part.fill('x')
    expect(Buffer.from(end.rest() ?? []).toString()).to.equal('data: [DONE]\n\n')
  })
})

function beginnings(text: string): string[] {
  return Array.from({ length: text.length }, (_, at) => text.slice(0, at + 1))
}
