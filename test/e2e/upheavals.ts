import { expect } from 'chai'
import { INJECTED_ANNOTATION } from '../../contract/labels.ts'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage, TEAM } from './stage.ts'
import { named, teamOn } from './team.ts'

const MANAGER = 'deployment/jobcap-manager'
const MANAGERS = 'app.kubernetes.io/component=manager'
const JOBS_PATH = `/apis/batch/v1/namespaces/${TEAM}/jobs`

/** Parts of jobcap that are away, or that are replaced, while teams go on. */
export function upheavalsOn(stage: () => Stage): void {
  const { inTeam, jobIs, invoicesOf, until, paid, runOf, events, failureOf } = teamOn(stage)
  const inOwn = (...args: readonly string[]) => stage().kubectl(['-n', OWN_NAMESPACE, ...args])
  const change = (job: string, patch: object) =>
    inTeam('patch', 'job', job, '--type=merge', '-p', JSON.stringify(patch))
  const isRolledOut = (part: string) => inOwn('rollout', 'status', part, '--timeout=600s')

  it('takes no new Job while no manager answers; Jobs that are there go on, and those that end meanwhile are closed later', async () => {
    const [running, suspended, held, late] = [named('runs'), named('waits'), named('finalizer'), named('late')]
    await stage().apply(
      payingJob(running, `${PAY_ONCE(running)}; await hold()`, { spec: { activeDeadlineSeconds: 900 } }),
      payingJob(suspended, PAY_ONCE(suspended), { spec: { suspend: true } }),
      payingJob(held, PAY_ONCE(held), { spec: { suspend: true } }),
    )
    await change(held, { metadata: { finalizers: ['example.com/held'] } })
    await paid(running)
    await inOwn('scale', MANAGER, '--replicas=0')
    try {
      await inOwn('wait', '--for=delete', 'pod', '-l', MANAGERS, '--timeout=300s')
      const said = await stage()
        .apply(payingJob(late, PAY_ONCE(late)))
        .catch((fault: Error) => fault.message)
      expect(said).to.match(/failed calling webhook/)
      await change(suspended, { spec: { suspend: false } })
      await jobIs(suspended, 'Complete')
      expect(invoicesOf(suspended)).to.deep.equal([suspended])
      await inTeam('delete', 'job', held, '--wait=false')
      await change(held, { metadata: { finalizers: null } })
      await inTeam('wait', '--for=delete', `job/${held}`, '--timeout=60s')
      await change(running, { spec: { activeDeadlineSeconds: 1 } })
      await jobIs(running, 'Failed')
      expect(await failureOf(running)).to.equal('DeadlineExceeded')
    } finally {
      await inOwn('scale', MANAGER, '--replicas=2')
      await isRolledOut(MANAGER)
    }
    for (const job of [running, suspended]) {
      await until(`the end of ${job}`, async () => (await runOf(job)).closed)
      await until(`the totals of ${job}`, async () => /RunEnded.*Spent \$4\.00/.test(await events(job)))
    }
    await stage().apply(payingJob(late, PAY_ONCE(late)))
    await jobIs(late, 'Complete')
  })

  it('admits and injects each of a stream of new Jobs while managers and ledger are replaced', async () => {
    const label = named('stream')
    const parts = [MANAGER, 'statefulset/jobcap-ledger']
    const before = await generations(stage(), parts)
    for (const part of parts) await inOwn('rollout', 'restart', part)
    const done = new AbortController()
    const rolling = Promise.all(parts.map(isRolledOut)).finally(() => done.abort())
    let made = 0
    for (; !done.signal.aborted; made += 1) {
      const job = payingJob(`${label}-${made}`, '', { spec: { suspend: true } }) as { metadata: object }
      const metadata = { ...job.metadata, labels: { stream: label } }
      const { spec } = await stage().kube.create<Made>(JOBS_PATH, { ...job, metadata })
      expect(spec.template.metadata.annotations, `Job ${made}`).to.include.keys(INJECTED_ANNOTATION)
    }
    await rolling
    expect(made).to.be.at.least(10)
    expect(await generations(stage(), parts)).not.to.deep.equal(before)
    const listed = await inTeam('get', 'jobs', '-l', `stream=${label}`, '-o', 'name')
    expect(listed.trim().split('\n')).to.have.length(made)
    await inTeam('delete', 'jobs', '-l', `stream=${label}`, '--wait=false')
  })
}

function generations(stage: Stage, parts: readonly string[]): Promise<string> {
  return stage.kubectl(['get', ...parts, '-n', OWN_NAMESPACE, '-o', 'jsonpath={.items[*].metadata.generation}'])
}

interface Made {
  readonly spec: {
    readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }
  }
}
