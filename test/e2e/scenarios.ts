import { expect } from 'chai'
import { stringify } from 'yaml'
import { examplePolicy } from '../kubernetes/example.ts'
import { addFigures, measureAdmission, measurePlan, measurePodStart } from './figures.ts'
import { PAY_ONCE, payingJob, REWRITTEN, TRY_TO_PAY } from './paying-job.ts'
import { OWN_NAMESPACE, STRIPE_SECRET, STRIPE_URL, type Stage } from './stage.ts'
import { named, teamOn } from './team.ts'

const STRICT = 'strict'
const CAPPED = { 'jobcap.dev/cap-usd': '10.00' }
/** The third payment of 4 dollars passes a cap of 10. */
const THREE = (job: string) => [1, 2, 3].map((part) => TRY_TO_PAY(`${job}-${part}`)).join(';')

/** Lives of Jobs on a node that already has jobcap. */
export function scenariosOn(stage: () => Stage): void {
  const { inTeam, podsOf, jobIs, invoicesOf, until, runningPod, paid, runOf, jobcap } = teamOn(stage)

  it('leaves a Job Complete whose app exits 0 after a spent cap', async () => {
    const work = named('lenient')
    await stage().apply(payingJob(work, THREE(work), { annotations: CAPPED }))
    await jobIs(work, 'Complete')
    expect(invoicesOf(work)).to.deep.equal([`${work}-1`, `${work}-2`])
  })

  it('keeps the run of a Job that is suspended: resumed, its Pod replays what was paid', async () => {
    const work = named('suspended')
    const suspend = (is: boolean) =>
      inTeam('patch', 'job', work, '--type=merge', '-p', JSON.stringify({ spec: { suspend: is } }))
    await stage().apply(payingJob(work, `${PAY_ONCE(work)}; await hold()`))
    const first = await runningPod(work)
    await paid(work)
    await suspend(true)
    await until('no Pod is left', async () => (await podsOf(work)).items.length === 0)
    await suspend(false)
    const second = await runningPod(work, first)
    await until('the replay', async () =>
      (await inTeam('logs', second, '-c', 'bill').catch(() => '')).includes(`paid ${work}`),
    )
    expect(invoicesOf(work)).to.deep.equal([work])
    await inTeam('delete', 'job', work, '--wait=false')
  })

  it('pays nothing under a policy that is deleted, and goes on once it is there again: no Pod fails', async () => {
    const work = named('policyless')
    const invoices = Array.from({ length: 40 }, (_, at) => `${work}-${at}`)
    const program = invoices.map(PAY_ONCE).join('; await new Promise((go) => setTimeout(go, 200));')
    await stage().apply(payingJob(work, program, { spec: { backoffLimit: 0 } }))
    await paid(work)
    await stage().kubectl(['delete', 'cappolicy', 'default'])
    const audit = ['audit', '--run', (await runOf(work)).run, '--service-account', `${OWN_NAMESPACE}/operator`]
    await until('a call is refused', async () => (await jobcap(...audit)).includes('policy_missing'))
    expect(invoicesOf(work).length).to.be.below(invoices.length)
    await stage().apply(examplePolicy(STRIPE_URL))
    await jobIs(work, 'Complete')
    expect(invoicesOf(work)).to.deep.equal(invoices)
    expect((await podsOf(work)).items).to.have.length(1)
  })

  it('lets a Job be applied again server-side', async () => {
    const work = named('server-side')
    const apply = () =>
      stage().kubectl(['apply', '--server-side', '-f', '-'], stringify(payingJob(work, PAY_ONCE(work), REWRITTEN)))
    await apply()
    await jobIs(work, 'Complete')
    await apply()
    expect(invoicesOf(work)).to.deep.equal([work])
  })

  it('runs a Job whose Pod asks for resources as a whole: what ours take is added, and the app keeps its own', async () => {
    const work = named('pod-resources')
    const resources = { requests: { memory: '64Mi' }, limits: { cpu: '500m', memory: '256Mi' } }
    const job = payingJob(work, PAY_ONCE(work), { pod: { resources } })
    await stage().apply(job)
    await jobIs(work, 'Complete')
    await stage().apply(job)
    const asked = await inTeam('get', 'pods', '-l', `job-name=${work}`, '-o', 'jsonpath={.items[0].spec.resources}')
    expect(JSON.parse(asked)).to.deep.equal({
      requests: { cpu: '520m', memory: '128Mi' },
      limits: { cpu: '1500m', memory: '448Mi' },
    })
    expect(invoicesOf(work)).to.deep.equal([work])
  })

  it('runs in a namespace that enforces `restricted`, within its LimitRange and a quota that counts what is injected', async () => {
    const work = named('strict')
    await stage().apply(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: STRICT,
          labels: { 'jobcap.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'all', namespace: STRICT },
        spec: { hard: { pods: '1', 'requests.cpu': '100m', 'requests.memory': '160Mi', 'limits.memory': '512Mi' } },
      },
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'each', namespace: STRICT },
        spec: {
          limits: [
            { type: 'Container', min: { cpu: '10m', memory: '32Mi' }, max: { cpu: '1', memory: '256Mi' } },
            { type: 'Pod', max: { memory: '512Mi' } },
          ],
        },
      },
    )
    const container = {
      env: [],
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    }
    const pod = {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    }
    await stage().apply(payingJob(work, PAY_ONCE(work), { namespace: STRICT, container, pod }))
    await stage().kubectl(['wait', '-n', STRICT, '--for=condition=Complete', `job/${work}`, '--timeout=300s'])
    expect(invoicesOf(work)).to.deep.equal([work])
    expect(await stage().kubectl(['get', 'pods', '-n', STRICT, '-o', 'yaml'])).not.to.contain(STRIPE_SECRET)
  })

  it('answers 300 reviews in a row; what they and the start of a Pod take is in the last line of the run', async () => {
    const admission = await measureAdmission(stage())
    const start = await measurePodStart(stage())
    addFigures({ ...admission, ...measurePlan(), ...start })
    expect(admission.admission_reviews).to.be.at.least(300)
  })
}
