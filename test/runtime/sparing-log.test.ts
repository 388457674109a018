import { expect } from 'chai'
import type { LogFn } from 'pino'
import type { Log } from '../../runtime/log.ts'
import { sparing } from '../../runtime/sparing-log.ts'
import { TestTime } from '../sidecar/stand-in/time.ts'

describe('a log of what stays broken', () => {
  let time: TestTime
  let lines: string[]
  let log: Log

  beforeEach(() => {
    time = new TestTime()
    lines = []
    const at = (level: string): LogFn => {
      return (first: unknown, message?: unknown) => {
        const { err, ...fields } = first as { err?: Error }
        lines.push([level, message, err?.message, JSON.stringify(fields)].join(' '))
      }
    }
    const plain = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') }
    log = sparing(plain, time)
  })

  /** A new error each time, as each try makes one. */
  const refused = () => log.warn({ err: new Error('ECONNREFUSED') }, 'the connection')
  const taken = () => lines.splice(0)

  it('says a warning at once, and then once in ten seconds how often it was meant', () => {
    for (let tries = 0; tries < 30; tries += 1) {
      refused()
      time.advance(500)
    }
    expect(taken()).to.deep.equal([
      'warn the connection ECONNREFUSED {}',
      'warn the connection ECONNREFUSED {"times":19}',
    ])
    time.advance(10_000)
    expect(taken(), 'none is lost').to.deep.equal(['warn the connection ECONNREFUSED {"times":10}'])
    time.advance(60_000)
    expect(taken()).to.deep.equal([])
    refused()
    expect(taken(), 'once it has been well for a while').to.deep.equal(['warn the connection ECONNREFUSED {}'])
  })

  it('says in the end also what was meant only once more', () => {
    refused()
    refused()
    taken()
    time.advance(10_000)
    expect(taken()).to.deep.equal(['warn the connection ECONNREFUSED {"times":1}'])
  })

  it('says at once what differs: another cause, another call, another level', () => {
    refused()
    log.warn({ err: new Error('ETIMEDOUT') }, 'the connection')
    log.error({ err: new Error('ECONNREFUSED') }, 'the connection')
    log.warn({ err: new Error('ECONNREFUSED'), callId: 'c1' }, 'the connection')
    log.warn({ err: new Error('ECONNREFUSED'), callId: 'c2' }, 'the connection')
    expect(taken()).to.have.length(5)
  })

  it('holds back no word of what goes well', () => {
    for (let times = 0; times < 3; times += 1) log.info({ runUid: 'r' }, 'job ended')
    expect(taken()).to.have.length(3)
  })
})
