import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse } from 'yaml'
import type { JobResult } from '../../local/run.ts'
import { skip } from '../../tools/test/skip.ts'
import { openTestMachine, startManifest, type TestMachine } from './machine.ts'

interface Outcome {
  readonly condition: string
  readonly reason: string
  readonly message?: string
  readonly succeeded: number
  readonly failed: number
  readonly pods?: readonly (readonly [number | null, string, Record<string, number>])[]
  readonly messages?: Record<string, readonly string[]>
  readonly restarts?: number
}

const folder = new URL('jobs/', import.meta.url)
const outcomes = parse(readFileSync(new URL('outcomes.yaml', folder), 'utf8')) as Record<string, Outcome>

/** Jobs whose outcome rests on what the weakest level leaves out. */
const NOT_WITHOUT_NAMESPACES: Readonly<Record<string, string>> = {
  volumes: 'without namespaces no volume is read-only',
  'work-queue': 'without namespaces Pods run one at a time, and a work queue needs two at once',
}

describe('small Jobs come to the outcome that a cluster gives them', () => {
  let machine: TestMachine

  before(async () => {
    const opened = await openTestMachine()
    if (opened === undefined) throw new Error('no machine')
    machine = opened
  })

  after(() => machine.close())

  it('every Job of the folder has an outcome, and every outcome its Job', () => {
    const jobs = readdirSync(folder).filter((file) => file !== 'outcomes.yaml')
    expect(jobs.sort()).to.deep.equal(
      Object.keys(outcomes)
        .map((name) => `${name}.yaml`)
        .sort(),
    )
  })

  for (const [name, outcome] of Object.entries(outcomes)) {
    it(`${name}: ${outcome.condition}, ${outcome.reason}`, async function () {
      const reason = machine.machine.isolation.level === 'none' ? NOT_WITHOUT_NAMESPACES[name] : undefined
      if (reason !== undefined) skip(this, reason)
      const { run } = startManifest(machine.machine, readFileSync(new URL(`${name}.yaml`, folder), 'utf8'))
      expect(shown(await run.result, outcome)).to.deep.equal(outcome)
    })
  }
})

/** The parts of a result that the table speaks of. */
function shown({ condition, succeeded, failed, pods }: JobResult, asked: Outcome): Outcome {
  const sorted = [...pods].sort((a, b) => (a.pod.index ?? 0) - (b.pod.index ?? 0))
  const codesOf = (containers: readonly { name: string; exitCode: number }[]) =>
    Object.fromEntries(containers.map(({ name, exitCode }) => [name, exitCode]))
  const messagesOf = (name: string) =>
    sorted.map(({ result }) => result.containers.find((container) => container.name === name)?.message ?? 'none')
  const podName = pods.map(({ pod }) => pod.name).find((name) => condition?.message.includes(name)) ?? 'POD'
  return {
    condition: condition?.type ?? 'none',
    reason: condition?.reason ?? 'none',
    ...(asked.message === undefined ? {} : { message: condition?.message.replace(podName, 'POD') ?? 'none' }),
    succeeded,
    failed,
    ...(asked.pods === undefined
      ? {}
      : { pods: sorted.map(({ pod, result }) => [pod.index, result.phase, codesOf(result.containers)] as const) }),
    ...(asked.messages === undefined
      ? {}
      : { messages: Object.fromEntries(Object.keys(asked.messages).map((name) => [name, messagesOf(name)])) }),
    ...(asked.restarts === undefined
      ? {}
      : {
          restarts: sorted.flatMap(({ result }) => result.containers).reduce((sum, { restarts }) => sum + restarts, 0),
        }),
  }
}
