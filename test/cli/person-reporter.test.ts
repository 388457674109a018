import { expect } from 'chai'
import { readLogLine } from '../../cli/log-line.ts'
import { PersonReporter } from '../../cli/run/person-reporter.ts'
import type { RunEvent } from '../../local/run.ts'

const CLEAR = '\r\u001b[2K'

function reporter(isInteractive: boolean) {
  let shown = ''
  const out = (text: string) => {
    shown += text
  }
  const terminal = { isInteractive, columns: 60, out, err: () => {}, onGone: () => {} }
  const person = new PersonReporter(terminal, { nowMs: () => 0, monotonicMs: () => 0 })
  person.event({ event: 'job.started', job: 'bill', jobUid: 'u', warnings: [], isolation: 'root', completions: 2 })
  const last = () => {
    const text = shown
    shown = ''
    return text
  }
  return { person, last }
}

const pod = { pod: 'bill-0-x', index: 0 }
const log = (container: string, line: string): RunEvent => ({ type: 'log', ...pod, container, line })
const warning = '{"level":40,"time":1,"name":"jobcap-proxy","msg":"the ledger is away.","reason":"ECONNREFUSED"}'

describe('what a person sees of a run', () => {
  const LINES: readonly (readonly [name: string, event: RunEvent, shown: string])[] = [
    ['what an app says', log('app', 'hello'), '[bill-0-x app] hello\n'],
    ['JSON that an app says', log('app', warning), `[bill-0-x app] ${warning}\n`],
    [
      'a warning of the sidecar',
      log('jobcap-proxy', warning),
      '[bill-0-x jobcap-proxy] the ledger is away: ECONNREFUSED\n',
    ],
    ['nothing of its ordinary log', log('jobcap-proxy', warning.replace('40', '30')), ''],
    ['what it says when it breaks', log('jobcap-proxy', 'Error: x'), '[bill-0-x jobcap-proxy] Error: x\n'],
    ['nothing of an ordinary end', { type: 'container-ended', ...pod, container: 'app', exitCode: 0, message: '' }, ''],
    [
      'why the sidecar stopped the Pod',
      {
        type: 'container-ended',
        ...pod,
        container: 'jobcap-proxy',
        exitCode: 93,
        message: '{"reason":"a","message":"Spent."}',
      },
      '[bill-0-x jobcap-proxy] ended with exit code 93: Spent.\n',
    ],
    [
      'how far the Job is when a Pod ends',
      { type: 'pod-ended', ...pod, result: { phase: 'Succeeded', containers: [] } },
      'pod bill-0-x Succeeded (1 of 2 completions)\n',
    ],
  ]
  for (const [name, event, shown] of LINES) {
    it(name, () => {
      const { person, last } = reporter(false)
      person.local(event)
      expect(last()).to.equal(shown)
    })
  }

  it('on a terminal, how far the Job is, always as the last line, and nothing of it at the end', () => {
    const { person, last } = reporter(true)
    person.local({ type: 'pod-started', ...pod })
    expect(last()).to.equal(`${CLEAR}0 of 2 completions, 1 Pods running, 0 failed`)
    person.local(log('app', 'hello'))
    expect(last()).to.equal(`${CLEAR}[bill-0-x app] hello\n${CLEAR}0 of 2 completions, 1 Pods running, 0 failed`)
    person.end()
    expect(last()).to.equal(CLEAR)
  })
})

describe('a line of our logs', () => {
  const READ: readonly (readonly [line: string, read: ReturnType<typeof readLogLine>])[] = [
    ['{"level":50,"msg":"it failed","err":{"message":"disk full"}}', { isWarning: true, text: 'it failed: disk full' }],
    [
      '{"level":50,"vendor":"sms","msg":"the vendor refused our secret"}',
      { isWarning: true, text: 'the vendor refused our secret (vendor sms)' },
    ],
    ['{"level":30,"msg":"served"}', { isWarning: false, text: 'served' }],
    ['{"level":"warn","msg":"x"}', undefined],
    ['{"level":40', undefined],
    ['hello', undefined],
  ]
  for (const [line, read] of READ) it(line, () => expect(readLogLine(line)).to.deep.equal(read))
})
