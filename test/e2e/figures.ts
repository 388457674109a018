import { readFileSync, writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { planOf, readJob } from '../webhook/surroundings.ts'
import { APP_IMAGE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage, TEAM } from './stage.ts'
import { named } from './team.ts'

const REVIEWS = 300
const PLANNED = 5_000
const AT_ONCE = 4
/** The kubelet notices once a second that a container has ended, so one start more or less is a second: means of many. */
const ROUNDS = 10
const BARE = 'bare'

type Figures = Readonly<Record<string, number>>

/** For the last line of `make e2e`. */
export function addFigures(figures: Figures): void {
  const file = process.env['E2E_FIGURES']
  if (file === undefined) return
  const before = JSON.parse(readFileSync(file, 'utf8')) as Figures
  writeFileSync(file, JSON.stringify({ ...before, ...figures }))
}

/**
 * 99 of 100 reviews of new Jobs were answered within `admission_p99_ms`, by the managers' own histograms; each took
 * `admission_cpu_ms` of their CPU, whatever else they did meanwhile included.
 */
export async function measureAdmission(
  stage: Stage,
): Promise<{ admission_p99_ms: number; admission_cpu_ms: number; admission_reviews: number }> {
  const before = await readManagers(stage)
  const job = payingJob('x', '') as { metadata: object }
  const nameless = { ...job, metadata: { namespace: TEAM, generateName: 'reviewed-' } }
  const path = `/apis/batch/v1/namespaces/${TEAM}/jobs?dryRun=All`
  const one = async () => {
    for (let made = 0; made < REVIEWS / AT_ONCE; made += 1) await stage.kube.create(path, nameless)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  const after = await readManagers(stage)
  const counts = [...after.buckets].map(([withinS, count]) => ({
    withinS,
    count: count - (before.buckets.get(withinS) ?? 0),
  }))
  const reviews = counts.find(({ withinS }) => withinS === Infinity)?.count ?? 0
  const withinS = counts.find(({ count }) => count >= reviews * 0.99)?.withinS ?? Infinity
  const cpuMs = ((after.cpuS - before.cpuS) * 1000) / reviews
  return { admission_p99_ms: withinS * 1000, admission_cpu_ms: Math.round(cpuMs * 10) / 10, admission_reviews: reviews }
}

/** How many Jobs a second one process plans, patch included. */
export function measurePlan(): { plan_jobs_per_s: number } {
  const manifest = readJob(stringify(payingJob('planned', '', { namespace: TEAM })))
  const measureS = (jobs: number) => {
    // Of its own core: what else the machine does is left out.
    const began = process.cpuUsage()
    for (let made = 0; made < jobs; made += 1) {
      if (planOf(manifest).kind !== 'inject') throw new Error('the measured Job is not injected')
    }
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1e6
  }
  measureS(PLANNED / 10)
  return { plan_jobs_per_s: Math.round(PLANNED / measureS(PLANNED)) }
}

/** Of all managers: reviews by the bound of their bucket in seconds, each with those of the smaller ones, and CPU. */
async function readManagers(
  stage: Stage,
): Promise<{ readonly buckets: ReadonlyMap<number, number>; readonly cpuS: number }> {
  const selected = 'app.kubernetes.io/component=manager'
  const names = await stage.kubectl(['get', 'pods', '-n', OWN_NAMESPACE, '-l', selected, '-o', 'name'])
  const sums = new Map<number, number>()
  let cpuS = 0
  for (const name of names.trim().split('\n')) {
    const pod = name.replace('pod/', '')
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/pods/https:${pod}:9443/proxy/metrics`
    const text = await stage.kubectl(['get', '--raw', path])
    cpuS += Number(/^process_cpu_seconds_total (.+)$/m.exec(text)?.[1])
    for (const [, bound = '', count = '0'] of text.matchAll(/admission_seconds_bucket\{le="([^"]+)"\} (\d+)/g)) {
      const withinS = bound === '+Inf' ? Infinity : Number(bound)
      sums.set(withinS, (sums.get(withinS) ?? 0) + Number(count))
    }
  }
  return { buckets: new Map([...sums].sort(([left], [right]) => left - right)), cpuS }
}

/** From the Job's creation to the first line of its app, means: as it is, injected, and with idle containers in the places of ours. */
export async function measurePodStart(
  stage: Stage,
): Promise<{ pod_start_bare_ms: number; pod_start_added_ms: number; pod_start_over_floor: number }> {
  await stage.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: BARE } })
  const idle = {
    initContainers: [
      { name: 'first', image: APP_IMAGE, command: ['sleep', '3600'], restartPolicy: 'Always' },
      { name: 'second', image: APP_IMAGE, command: ['true'] },
    ],
    terminationGracePeriodSeconds: 1,
  }
  const kinds = { bare: { namespace: BARE }, idle: { namespace: BARE, pod: idle }, injected: { namespace: TEAM } }
  const taken: Record<keyof typeof kinds, number[]> = { bare: [], idle: [], injected: [] }
  const container = { command: ['sh', '-c', 'date +%s%3N'], env: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [kind, more] of Object.entries(kinds) as [keyof typeof kinds, { namespace: string }][]) {
      const name = named(`starts-${kind}-${round}`)
      const beganMs = Date.now()
      await stage.kube.create(
        `/apis/batch/v1/namespaces/${more.namespace}/jobs`,
        payingJob(name, '', { ...more, container }),
      )
      const inNamespace = ['-n', more.namespace]
      await stage.kubectl(['wait', ...inNamespace, '--for=condition=Complete', `job/${name}`, '--timeout=120s'])
      const said = await stage.kubectl(['logs', ...inNamespace, `job/${name}`, '-c', 'bill'])
      taken[kind].push(Number(said.trim()) - beganMs)
    }
  }
  const [bare, floor, injected] = [mean(taken.bare), mean(taken.idle), mean(taken.injected)]
  return {
    pod_start_bare_ms: bare,
    pod_start_added_ms: injected - bare,
    pod_start_over_floor: Math.round((injected / floor) * 100) / 100,
  }
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length)
}
