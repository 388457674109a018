import { expect } from 'chai'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { type Stage, VENDORS } from './stage.ts'
import { named, teamOn } from './team.ts'

const AMOUNT_USD = 4
export const CUSTOMERS_AN_INDEX = 5

/** Whether it hit something; else it is tried again. */
type Kill = () => Promise<boolean>

export interface Crowd {
  readonly name: string
  readonly indexes: number
  readonly atOnce: number
  /** What dies, spread over the work, by its name. */
  readonly kills: readonly (readonly [string, Kill])[]
}

/** Whether `doing` was done. */
export function isDone(doing: Promise<unknown>): Promise<boolean> {
  return doing.then(
    () => true,
    () => false,
  )
}

/**
 * Kills of what a Job runs: each takes a Pod that was hit least often, if it can be; it may have ended by itself, or its
 * app may not run yet.
 */
export function killsOf(stage: () => Stage, name: string): Record<'pod' | 'bill' | 'jobcap-proxy', Kill> {
  const { inTeam, podsOf } = teamOn(stage)
  const hits = new Map<string, number>()
  const hitsOf = (index: string) => hits.get(index) ?? 0
  const one = async (hit: (pod: string) => Promise<unknown>) => {
    const running = (await podsOf(named(name))).items.filter(({ status }) => status.phase === 'Running')
    const indexed = running.map(({ metadata }) => ({
      pod: metadata.name,
      index: metadata.name.split('-').at(-2) ?? '',
    }))
    for (const { pod, index } of indexed.toSorted((left, right) => hitsOf(left.index) - hitsOf(right.index))) {
      if (!(await isDone(hit(pod)))) continue
      hits.set(index, hitsOf(index) + 1)
      return true
    }
    return false
  }
  const container = (of: string) => (pod: string) => stage().task({ pod, name: of }, 'kill', '--signal', 'SIGKILL')
  return {
    pod: () => one((pod) => inTeam('delete', 'pod', pod, '--force', '--grace-period=0')),
    bill: () => one(container('bill')),
    'jobcap-proxy': () => one(container('jobcap-proxy')),
  }
}

/** Runs a Job that pays for each customer of each index, kills what is named, and demands that each was charged once. */
export async function payThrough(stage: () => Stage, { name, indexes, atOnce, kills }: Crowd): Promise<void> {
  const { jobIs, invoicesOf, until, runOf, events } = teamOn(stage)
  const work = named(name)
  // Each index leaves its last customer until all kills are done, and this name is there: so there are Pods to kill until then.
  const gate = `${work}.${VENDORS}.svc`
  const last = CUSTOMERS_AN_INDEX - 1
  const program = `
    const { lookup } = await import('node:dns/promises')
    const isOpen = () => lookup('${gate}').then(() => true, () => false)
    const pause = () => new Promise((go) => setTimeout(go, 300))
    const index = process.env.JOB_COMPLETION_INDEX
    for (let n = 0; n < ${CUSTOMERS_AN_INDEX}; n += 1) {
      while (n === ${last} && !(await isOpen())) await pause()
      ${PAY_ONCE(`${work}-\${index}-\${n}`)}
      await pause()
    }`
  // A limit for each index: else the Job controller waits longer after each Pod that fails, whichever index it was of.
  const spec = { completionMode: 'Indexed', completions: indexes, parallelism: atOnce, backoffLimitPerIndex: 10 }
  await stage().apply(payingJob(work, program, { spec, annotations: { 'jobcap.dev/cap-usd': '20000.00' } }))
  for (const [at, [what, kill]] of kills.entries()) {
    const charged = Math.floor(((atOnce * last) / (kills.length + 1)) * (at + 1))
    await until(`${charged} charges`, () => Promise.resolve(invoicesOf(`${work}-`).length >= charged))
    await until(`a killed ${what}`, kill)
  }
  await stage().kubectl(['create', 'service', 'clusterip', work, '--tcp=80', '-n', VENDORS])
  await jobIs(work, 'Complete')
  const customers = indexes * CUSTOMERS_AN_INDEX
  const wanted = Array.from({ length: customers }, (_none, at) => {
    return `${work}-${Math.floor(at / CUSTOMERS_AN_INDEX)}-${at % CUSTOMERS_AN_INDEX}`
  })
  expect(invoicesOf(`${work}-`).toSorted()).to.deep.equal(wanted.toSorted())
  await until('the end of the run', async () => (await runOf(work)).closed)
  const { key } = await runOf(work)
  expect([key.spent_usd, key.reserved_usd]).to.deep.equal([`${customers * AMOUNT_USD}.00`, '0.00'])
  await until('the totals', async () => new RegExp(`${customers} calls`).test(await events(work)))
}
