import { Writable } from 'node:stream'
import { expect } from 'chai'
import { pino } from 'pino'
import { leanLine } from '../../runtime/lean-log.ts'
import { REDACTED_PATHS, SECRET_FIELDS } from '../../runtime/redaction.ts'

const HEAD = { level: 30, name: 'jobcap-proxy' }

/** What the ledger's log makes of the same. */
function pinoLine(fields: object, message: string): Record<string, unknown> {
  let text = ''
  const into = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  const options = {
    name: HEAD.name,
    timestamp: false,
    base: {},
    redact: { paths: [...REDACTED_PATHS], censor: '[secret]' },
  }
  pino(options, into).info(fields, message)
  return JSON.parse(text)
}

const ours = (fields: unknown, message: string) =>
  JSON.parse(leanLine(HEAD, fields, message)) as Record<string, unknown>

describe('the sidecar’s log', () => {
  it('has the lines that the ledger’s has', () => {
    for (const fields of [
      {},
      { code: 'cap_exhausted', reason: 'a "quoted" line\nbreak', count: 3, none: null, left: undefined },
      { nested: { credential: 'a', more: { credential: 'deeper than anything we log' } }, list: [1, { a: 2 }] },
      Object.fromEntries([...SECRET_FIELDS].map((name) => [name, 'hidden'])),
    ]) {
      expect(ours(fields, 'said'), JSON.stringify(fields)).to.deep.equal(pinoLine(fields, 'said'))
    }
  })

  for (const name of SECRET_FIELDS) {
    it(`never holds what stands under ${name}, at the top or one level down`, () => {
      expect(leanLine(HEAD, { [name]: 'the-secret', of: { [name]: 'the-secret' } }, 'said')).to.not.contain(
        'the-secret',
      )
    })
  }

  it('tells of an error its kind, its sentence, its cause and its way', () => {
    const fault = Object.assign(new TypeError('broken', { cause: new Error('the wire') }), { code: 'EPIPE' })
    const { err } = ours({ err: fault }, 'said') as { err: Record<string, string> }
    const theirs = pinoLine({ err: fault }, 'said')['err'] as Record<string, string>
    for (const field of ['type', 'message', 'code']) expect(err[field], field).to.equal(theirs[field])
    expect(err['stack']).to.contain('lean-log.test').and.to.contain('caused by: Error: the wire')
  })

  it('takes a sentence alone', () => {
    expect(ours(undefined, 'said')).to.deep.equal({ ...HEAD, msg: 'said' })
  })
})
