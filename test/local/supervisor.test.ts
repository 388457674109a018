import { expect } from 'chai'
import { EndedBeforeReady, type SupervisorEvent, supervise } from '../../local/supervisor.ts'
import { readEnvironment } from '../../runtime/environment.ts'
import { systemTimers } from '../../runtime/timers.ts'

function start(script: string, stopLimitMs = 10_000) {
  const events: SupervisorEvent[] = []
  const watchers: (() => void)[] = []
  const supervisor = supervise({
    command: process.execPath,
    args: ['-e', script],
    environment: readEnvironment(),
    readyLine: /^ready/,
    stopLimitMs,
    timers: systemTimers,
    onEvent: (event) => {
      events.push(event)
      for (const watch of watchers.splice(0)) watch()
    },
  })
  /** Resolves once there have been `count` events of a type. */
  const seen = async (type: SupervisorEvent['type'], count: number) => {
    while (events.filter((event) => event.type === type).length < count) {
      await new Promise<void>((resolve) => watchers.push(resolve))
    }
  }
  return { supervisor, events, seen }
}

const STAY = 'setInterval(() => {}, 1000)'

describe('a supervised process', () => {
  it('is ready when it says so, and gone when it was stopped', async () => {
    const { supervisor } = start(`console.log('ready on 127.0.0.1:1'); ${STAY}`)
    expect(await supervisor.ready).to.equal('ready on 127.0.0.1:1')
    const pid = supervisor.pid() ?? 0
    expect(process.kill(pid, 0)).to.equal(true)
    await supervisor.stop()
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
    expect(supervisor.pid()).to.equal(undefined)
  })

  it('starts again at once when it is killed', async () => {
    const { supervisor, events, seen } = start(`console.log('ready'); ${STAY}`)
    await supervisor.ready
    const first = supervisor.pid() ?? 0
    process.kill(first, 'SIGKILL')
    await seen('ready', 2)
    expect(supervisor.pid()).to.not.equal(first)
    expect(events.filter(({ type }) => type === 'restarting')).to.deep.equal([
      { type: 'restarting', exit: 'SIGKILL', delayMs: 0 },
    ])
    await supervisor.stop()
  })

  it('that dies before it was ever ready is not started again, and its last words are told', async () => {
    const { supervisor, events } = start(`console.error('no policy'); process.exitCode = 3`)
    const fault = await supervisor.ready.then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(fault?.message).to.contain('ended with 3 before it was ready: no policy')
    expect(events.map(({ type }) => type)).to.deep.equal(['line'])
    await supervisor.stop()
  })

  it('that is killed without a word is told with its signal', async () => {
    const { supervisor } = start(`process.kill(process.pid, 'SIGKILL')`)
    const fault = await supervisor.ready.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(fault).to.be.instanceOf(EndedBeforeReady)
    expect(fault).to.deep.include({ exit: 'SIGKILL', lastLines: [] })
    await supervisor.stop()
  })

  it('that ignores SIGTERM is killed after the limit', async () => {
    const { supervisor } = start(`process.on('SIGTERM', () => {}); console.log('ready'); ${STAY}`, 50)
    await supervisor.ready
    const pid = supervisor.pid() ?? 0
    await supervisor.stop()
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
  })

  it('may end in order after SIGTERM', async () => {
    const { supervisor, events } = start(
      `process.on('SIGTERM', () => { console.log('drained'); process.exit(0) }); console.log('ready'); ${STAY}`,
    )
    await supervisor.ready
    await supervisor.stop()
    expect(events.at(-1)).to.deep.equal({ type: 'line', stream: 'stdout', line: 'drained' })
  })
})
