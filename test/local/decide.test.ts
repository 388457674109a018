import { expect } from 'chai'
import { decide } from '../../local/controller/decide.ts'
import { type JobState, limitsOf, type PodState } from '../../local/controller/job-state.ts'
import type { Job, JobSpec } from '../../local/manifest/objects.ts'

const BACK_OFF = { baseMs: 10, maxMs: 60 }

function job(spec: Partial<JobSpec>): Job {
  const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', command: ['true'] }] } }
  return { kind: 'Job', metadata: { name: 'j' }, spec: { template, ...spec } }
}

const INDEXED = { completionMode: 'Indexed' as const }
const onExit = (action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count', values: number[]) => ({
  podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In' as const, values } }] },
})

/**
 * Pods as words: `index state`, state one of run, ok, ending, bad or bad=CODE, each with `@` and the time it finished,
 * and `+` and its restarts. `-` is no index.
 */
function pods(text: string): PodState[] {
  const words = text.split(',').filter((word) => word.trim() !== '')
  return words.map((word, position) => {
    const [, index, state, code, at, restarts] =
      /^\s*(\d+|-) (run|ok|ending|bad)(?:=(\d+))?(?:@(\d+))?(?:\+(\d+))?\s*$/.exec(word) ?? []
    if (index === undefined || state === undefined) throw new Error(`not a Pod: ${word}`)
    const exitCode = state === 'bad' ? Number(code ?? 1) : 0
    const isFinished = state === 'ok' || state === 'bad'
    return {
      name: `p${position}`,
      index: index === '-' ? null : Number(index),
      phase: state === 'ok' ? 'Succeeded' : state === 'bad' ? 'Failed' : 'Running',
      isTerminating: state === 'ending',
      finishedAtMs: isFinished ? Number(at ?? 0) : null,
      restarts: Number(restarts ?? 0),
      containers: isFinished ? [{ name: 'main', isInit: false, exitCode, restarts: 0, message: '' }] : [],
    }
  })
}

interface Row {
  readonly when: string
  readonly spec: Partial<JobSpec>
  readonly pods: string
  readonly nowMs?: number
  readonly then: string
}

const ALWAYS_MS = 100_000

const TABLE: readonly Row[] = [
  { when: 'nothing has started', spec: {}, pods: '', then: 'create -' },
  { when: 'parallelism is below completions', spec: { completions: 3, parallelism: 2 }, pods: '', then: 'create - -' },
  { when: 'completions are below parallelism', spec: { completions: 1, parallelism: 5 }, pods: '', then: 'create -' },
  {
    when: 'indexes are free',
    spec: { ...INDEXED, completions: 4, parallelism: 2 },
    pods: '0 run, 1 ok',
    then: 'create 2',
  },
  { when: 'all run', spec: { ...INDEXED, completions: 2, parallelism: 2 }, pods: '0 run, 1 run', then: 'nothing' },
  { when: 'the last one runs', spec: { completions: 2, parallelism: 2 }, pods: '- ok, - run', then: 'nothing' },
  { when: 'enough have succeeded', spec: { completions: 2 }, pods: '- ok, - ok', then: 'ended CompletionsReached' },
  { when: 'enough have succeeded and one still ends', spec: {}, pods: '- ok, - ending', then: 'nothing' },
  {
    when: 'a rule means all codes but one, and the failed Pod’s container ended well',
    spec: { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [42] } }] } },
    pods: '- bad=0',
    then: 'create -',
  },
  { when: 'an index has succeeded twice', spec: { ...INDEXED, completions: 2 }, pods: '0 ok, 0 ok', then: 'create 1' },
  { when: 'an index failed long ago', spec: { ...INDEXED, completions: 1 }, pods: '0 bad', then: 'create 0' },
  { when: 'a Pod failed just now', spec: {}, pods: '- bad@100', nowMs: 105, then: 'nothing until 110' },
  { when: 'the back-off is over', spec: {}, pods: '- bad@100', nowMs: 110, then: 'create -' },
  { when: 'two failed in a row', spec: {}, pods: '- bad@50, - bad@100', nowMs: 110, then: 'nothing until 120' },
  {
    when: 'many failed in a row',
    spec: {},
    pods: '- bad, - bad, - bad, - bad, - bad@100',
    nowMs: 159,
    then: 'nothing until 160',
  },
  {
    when: 'a success came after failures',
    spec: { completions: 2 },
    pods: '- bad@50, - bad@90, - ok@95',
    nowMs: 96,
    then: 'create -',
  },
  { when: 'the limit is reached', spec: { backoffLimit: 2 }, pods: '- bad, - bad', then: 'create -' },
  { when: 'the limit is passed', spec: { backoffLimit: 1 }, pods: '- bad, - bad', then: 'ended BackoffLimitExceeded' },
  { when: 'no limit is written', spec: {}, pods: Array(7).fill('- bad').join(), then: 'ended BackoffLimitExceeded' },
  {
    when: 'it fails while others run',
    spec: { completions: 3, parallelism: 3, backoffLimit: 0 },
    pods: '- bad, - run, - ending',
    then: 'remove p1, failing BackoffLimitExceeded',
  },
  {
    when: 'restarts in place are below the limit',
    spec: { backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
    pods: '- run+1',
    then: 'nothing',
  },
  {
    when: 'restarts in place reach the limit',
    spec: { backoffLimit: 2, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
    pods: '- run+2',
    then: 'remove p0, failing BackoffLimitExceeded',
  },
  {
    when: 'one restart is too many',
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'OnFailure', containers: [] } } },
    pods: '- run+1',
    then: 'remove p0, failing BackoffLimitExceeded',
  },
  {
    when: 'the deadline is ahead',
    spec: { activeDeadlineSeconds: 1 },
    pods: '- run',
    nowMs: 999,
    then: 'nothing until 1000',
  },
  {
    when: 'the deadline is there',
    spec: { activeDeadlineSeconds: 1 },
    pods: '- run',
    nowMs: 1000,
    then: 'remove p0, failing DeadlineExceeded',
  },
  {
    when: 'deadline and back-off are ahead',
    spec: { activeDeadlineSeconds: 1 },
    pods: '- bad@995',
    nowMs: 996,
    then: 'nothing until 1000',
  },
  { when: 'a rule fails the Job', spec: onExit('FailJob', [42]), pods: '- bad=42', then: 'ended PodFailurePolicy' },
  { when: 'a rule does not match', spec: onExit('FailJob', [42]), pods: '- bad=41', then: 'create -' },
  {
    when: 'a rule ignores failures',
    spec: { backoffLimit: 0, ...onExit('Ignore', [42]) },
    pods: '- bad=42, - bad=42',
    then: 'create -',
  },
  {
    when: 'a rule counts failures',
    spec: { backoffLimit: 0, ...onExit('Count', [42]) },
    pods: '- bad=42',
    then: 'ended BackoffLimitExceeded',
  },
  { when: 'an old Pod still ends', spec: { ...INDEXED, completions: 1 }, pods: '0 ending', then: 'create 0' },
  {
    when: 'an old Pod still ends and must be waited for',
    spec: { ...INDEXED, completions: 1, podReplacementPolicy: 'Failed' },
    pods: '0 ending',
    then: 'nothing',
  },
  {
    when: 'a failure policy makes it wait',
    spec: { ...INDEXED, completions: 1, ...onExit('FailJob', [42]) },
    pods: '0 ending',
    then: 'nothing',
  },
  {
    when: 'one index waits for an old Pod, another need not',
    spec: { ...INDEXED, completions: 2, parallelism: 2, podReplacementPolicy: 'Failed' },
    pods: '0 ending',
    then: 'create 1',
  },
  {
    when: 'an index is given up, others are left',
    spec: { ...INDEXED, completions: 3, parallelism: 3, backoffLimitPerIndex: 0 },
    pods: '0 bad, 1 run',
    then: 'create 2',
  },
  {
    when: 'each index waits for its own failures',
    spec: { ...INDEXED, completions: 2, parallelism: 2, backoffLimitPerIndex: 3 },
    pods: '0 bad@100',
    nowMs: 105,
    then: 'create 1 until 110',
  },
  {
    when: 'all indexes are done, one given up',
    spec: { ...INDEXED, completions: 2, backoffLimitPerIndex: 0 },
    pods: '0 bad, 1 ok',
    then: 'ended FailedIndexes',
  },
  {
    when: 'a rule gives up an index',
    spec: { ...INDEXED, completions: 2, backoffLimitPerIndex: 9, ...onExit('FailIndex', [42]) },
    pods: '0 bad=42, 1 ok',
    then: 'ended FailedIndexes',
  },
  {
    when: 'ignored failures give up no index',
    spec: { ...INDEXED, completions: 1, backoffLimitPerIndex: 0, ...onExit('Ignore', [42]) },
    pods: '0 bad=42',
    then: 'create 0',
  },
  {
    when: 'too many indexes are given up',
    spec: { ...INDEXED, completions: 9, backoffLimitPerIndex: 0, maxFailedIndexes: 1 },
    pods: '0 bad, 1 bad',
    then: 'ended MaxFailedIndexesExceeded',
  },
  {
    when: 'with a limit per index the other has no default',
    spec: { ...INDEXED, completions: 1, backoffLimitPerIndex: 9 },
    pods: Array(8).fill('0 bad').join(),
    then: 'create 0',
  },
  { when: 'a work queue starts', spec: { parallelism: 2 }, pods: '', then: 'create - -' },
  {
    when: 'a work queue has one success and a Pod runs',
    spec: { parallelism: 3 },
    pods: '- ok, - run',
    then: 'nothing',
  },
  {
    when: 'a work queue has one success and none runs',
    spec: { parallelism: 3 },
    pods: '- ok, - bad',
    then: 'ended CompletionsReached',
  },
  { when: 'parallelism is 0', spec: { completions: 1, parallelism: 0 }, pods: '', then: 'nothing' },
  {
    when: 'more run than are wanted',
    spec: { completions: 2, parallelism: 2 },
    pods: '- ok, - run, - run',
    then: 'remove p2',
  },
]

describe('the Job controller decides', () => {
  for (const row of TABLE) {
    it(`when ${row.when}: ${row.then}`, () => {
      const state = { job: job(row.spec), namespace: 'default', startedAtMs: 0, pods: pods(row.pods), failing: null }
      const nowMs = row.nowMs ?? (row.spec.activeDeadlineSeconds === undefined ? ALWAYS_MS : 0)
      expect(describeDecision(state, nowMs)).to.equal(row.then)
    })
  }

  it('a failing Job stays so whatever its Pods do afterwards, and ends when the last is gone', () => {
    const failing = { type: 'Failed' as const, reason: 'DeadlineExceeded', message: 'late' }
    const state = (text: string) => ({ job: job({}), namespace: 'default', startedAtMs: 0, pods: pods(text), failing })
    expect(describeDecision(state('- ending, - ok'), 5)).to.equal('failing DeadlineExceeded')
    expect(describeDecision(state('- ok'), 5)).to.equal('ended DeadlineExceeded')
  })

  it("fills in Kubernetes' defaults", () => {
    const defaults = {
      isIndexed: false,
      parallelism: 1,
      backoffLimitPerIndex: null,
      maxFailedIndexes: null,
      activeDeadlineMs: null,
    }
    expect(limitsOf(job({}))).to.deep.equal({ ...defaults, completions: 1, backoffLimit: 6, waitsForEnd: false })
    expect(limitsOf(job({ parallelism: 1 })).completions).to.equal(null)
  })
})

function describeDecision(state: JobState, nowMs: number): string {
  const { create, remove, failing, ended, wakeAtMs } = decide(state, BACK_OFF, nowMs)
  if (ended !== null) return `ended ${ended.reason}`
  const parts: string[] = []
  if (create.length > 0) parts.push(`create ${create.map((index) => index ?? '-').join(' ')}`)
  if (remove.length > 0) parts.push(`remove ${remove.join(' ')}`)
  if (failing !== null) parts.push(`failing ${failing.reason}`)
  if (parts.length === 0) parts.push('nothing')
  return parts.join(', ') + (wakeAtMs === null ? '' : ` until ${wakeAtMs}`)
}
