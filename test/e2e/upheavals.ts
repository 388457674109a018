import { expect } from 'chai'
import { makeAuthority } from '../../certs/certificates.ts'
import { DEFAULT_LIVES } from '../../certs/lineage.ts'
import { INJECTED_ANNOTATION } from '../../contract/labels.ts'
import type { Secret } from '../../kube/objects.ts'
import { systemRandom } from '../../runtime/random.ts'
import { CHART } from '../kubernetes/chart.ts'
import { isDone } from './crowd.ts'
import { NEXT_TAG } from './ground.ts'
import { PAY_ONCE, payingJob } from './paying-job.ts'
import { OWN_NAMESPACE, type Stage, TEAM } from './stage.ts'
import { named, teamOn } from './team.ts'

const MANAGER = 'deployment/jobcap-manager'
const MANAGERS = 'app.kubernetes.io/component=manager'
const PARTS = [MANAGER, 'statefulset/jobcap-ledger']
const JOBS_PATH = `/apis/batch/v1/namespaces/${TEAM}/jobs`

/** Parts of jobcap that are away, or that are replaced, while teams go on. */
export function upheavalsOn(stage: () => Stage): void {
  const { inTeam, jobIs, invoicesOf, until, paid, runOf, events, failureOf, runningPod, jobcap } = teamOn(stage)
  const inOwn = (...args: readonly string[]) => stage().kubectl(['-n', OWN_NAMESPACE, ...args])
  const change = (job: string, patch: object) =>
    inTeam('patch', 'job', job, '--type=merge', '-p', JSON.stringify(patch))
  /** Makes one Job after the other until it is done, and demands that each is there and injected. */
  const streamWhile = async (name: string, doing: Promise<unknown>) => {
    const label = named(name)
    const done = new AbortController()
    const ending = doing.finally(() => done.abort())
    let made = 0
    for (; !done.signal.aborted; made += 1) {
      const job = payingJob(`${label}-${made}`, '', { spec: { suspend: true } }) as { metadata: object }
      const metadata = { ...job.metadata, labels: { stream: label } }
      const { spec } = await stage().kube.create<Made>(JOBS_PATH, { ...job, metadata })
      expect(spec.template.metadata.annotations, `Job ${made}`).to.include.keys(INJECTED_ANNOTATION)
    }
    await ending
    expect(made).to.be.at.least(10)
    const listed = await inTeam('get', 'jobs', '-l', `stream=${label}`, '-o', 'name')
    expect(listed.trim().split('\n')).to.have.length(made)
    await inTeam('delete', 'jobs', '-l', `stream=${label}`, '--wait=false')
  }
  const isServedBy = (server: string, caPem: string) => {
    const [name = '', port = ''] = server.split(':')
    const handshake = `const [host, port, ca] = process.argv.slice(1)
      require('node:tls').connect({ host, servername: host, port, ca }).on('secureConnect', () => process.exit(0)).on('error', () => process.exit(1))`
    const command = ['/usr/local/bin/node', '--eval', handshake, `${name}.${OWN_NAMESPACE}.svc`, port, caPem]
    return isDone(inOwn('exec', MANAGER, '--', ...command))
  }
  /** Makes a Job of one Pod that pays again and again. */
  const keepPaying = (work: string) => {
    const program = `for (let n = 1; ; n += 1) { ${PAY_ONCE(`${work}-\${n}`)}; await new Promise((go) => setTimeout(go, 2_000)) }`
    return stage().apply(payingJob(work, program, { annotations: { 'jobcap.dev/cap-usd': '20000.00' } }))
  }
  const paidAgain = (work: string) => {
    const before = invoicesOf(`${work}-`).length
    return until(`one more payment of ${work}`, () => Promise.resolve(invoicesOf(`${work}-`).length > before))
  }
  const isEachPaidOnce = (work: string) => {
    const paidFor = invoicesOf(`${work}-`)
    expect(paidFor).to.have.members([...new Set(paidFor)])
  }
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
      const found = await jobcap('doctor').catch((fault: { stdout: string }) => fault.stdout)
      expect(found).to.match(/Admission cannot be reached, so no Job is made in namespace billing/)
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

  it('admits and injects each of a stream of new Jobs, and lets Pods pay, while its authority gives way to the next', async () => {
    let work = ''
    let tries = 0
    const path = `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/jobcap-ca`
    const next = await makeAuthority({ random: systemRandom, nowMs: Date.now() }, DEFAULT_LIVES.authorityMs)
    const before = await stage().kube.get<Secret>(path)
    const bundles = [
      'get',
      'mutatingwebhookconfiguration/jobcap',
      '-o',
      'jsonpath={.webhooks[*].clientConfig.caBundle}',
    ]
    const rotate = async () => {
      // What managers do by themselves when the time has come, years from now. First the next one is announced …
      await stage().kube.merge(path, { stringData: { 'next.crt': next.certPem, 'next.key': next.keyPem } })
      await until('both in each bundle', async () => {
        const all = (await stage().kubectl(bundles))
          .split(' ')
          .map((one) => Buffer.from(one, 'base64').toString('utf8'))
        return all.every((bundle) => bundle.includes(next.certPem.trim()))
      })
      // Each manager holds both a moment after the first has put them there.
      await until('a Job that trusts both', async () => {
        work = named(`rotates-${(tries += 1)}`)
        await keepPaying(work)
        if ((await inTeam('get', 'job', work, '-o', 'json')).includes(JSON.stringify(next.certPem).slice(1, -3)))
          return true
        await inTeam('delete', 'job', work, '--wait=false')
        return false
      })
      await paid(`${work}-1`)
      // … and after a year in which each new Pod trusts both, it signs.
      await stage().kube.merge(path, {
        data: { 'next.crt': null, 'next.key': null, 'former.crt': before?.data?.['ca.crt'] ?? null },
        stringData: { 'ca.crt': next.certPem, 'ca.key': next.keyPem },
      })
      for (const server of ['jobcap-manager:443', 'jobcap-ledger:8081']) {
        await until(`${server} signed by it`, () => isServedBy(server, next.certPem))
      }
    }
    await streamWhile('rotating', rotate())
    const first = await runningPod(work)
    await inTeam('delete', 'pod', first, '--force', '--grace-period=0')
    await runningPod(work, first)
    await paidAgain(work)
    isEachPaidOnce(work)
    await inTeam('delete', 'job', work, '--wait=false')
  })

  it('lets Pods that run go on paying when somebody deletes the Secret of its authority, also at a ledger that starts after that', async () => {
    const work = named('authority-deleted')
    await keepPaying(work)
    await paid(`${work}-1`)
    await inOwn('delete', 'secret', 'jobcap-ca')
    await inOwn('wait', '--for=create', 'secret/jobcap-ca', '--timeout=60s')
    await inOwn('rollout', 'restart', 'statefulset/jobcap-ledger')
    await isRolledOut('statefulset/jobcap-ledger')
    await paidAgain(work)
    isEachPaidOnce(work)
    await inTeam('delete', 'job', work, '--wait=false')
  })

  it('admits and injects each of a stream of new Jobs while managers and ledger are replaced', async () => {
    const before = await generations(stage(), PARTS)
    for (const part of PARTS) await inOwn('rollout', 'restart', part)
    await streamWhile('stream', Promise.all(PARTS.map(isRolledOut)))
    expect(await generations(stage(), PARTS)).not.to.deep.equal(before)
  })

  it('is upgraded by helm to another image: each of a stream of new Jobs is admitted, and a Pod with the older sidecar goes on paying, each invoice once', async () => {
    const [older, newer] = [named('older'), named('newer')]
    const imagesOf = (job: string) =>
      inTeam('get', 'job', job, '-o', 'jsonpath={.spec.template.spec.initContainers[*].image}')
    await keepPaying(older)
    await paid(`${older}-1`)
    const pod = await runningPod(older)
    const upgrade = async () => {
      await stage().helm('upgrade', 'jobcap', CHART, '--reuse-values', '--set', `image.tag=${NEXT_TAG}`)
      await Promise.all(PARTS.map(isRolledOut))
      // One that was told to end still answers for a while.
      const managers = ['get', 'pods', '-l', MANAGERS, '-o', 'jsonpath={.items[*].spec.containers[0].image}']
      await until('the end of the older managers', async () =>
        (await inOwn(...managers)).split(' ').every((image) => image.endsWith(`:${NEXT_TAG}`)),
      )
    }
    await streamWhile('upgraded', upgrade())
    await paidAgain(older)
    await stage().apply(payingJob(newer, PAY_ONCE(newer)))
    await jobIs(newer, 'Complete')
    expect(await imagesOf(newer)).to.match(new RegExp(`^\\S+:${NEXT_TAG} \\S+:${NEXT_TAG}$`))
    expect(await imagesOf(older)).not.to.contain(`:${NEXT_TAG}`)
    expect(await runningPod(older)).to.equal(pod)
    isEachPaidOnce(older)
    await inTeam('delete', 'job', older, '--wait=false')
  })

  it('takes no new Job while managers are there and do not answer, and lets changes pass', async () => {
    const [suspended, late] = [named('held-up'), named('unanswered')]
    await stage().apply(payingJob(suspended, PAY_ONCE(suspended), { spec: { suspend: true } }))
    const names = await inOwn('get', 'pods', '-l', MANAGERS, '-o', 'jsonpath={.items[*].metadata.name}')
    const managers = (verb: string) =>
      Promise.all(names.split(' ').map((pod) => stage().task({ pod, name: 'manager' }, verb)))
    await managers('pause')
    try {
      const said = await stage()
        .apply(payingJob(late, PAY_ONCE(late)))
        .catch((fault: Error) => fault.message)
      expect(said).to.match(/failed calling webhook "create\.jobcap\.dev"/)
      await change(suspended, { spec: { suspend: false } })
    } finally {
      await managers('resume')
    }
    await jobIs(suspended, 'Complete')
    await inOwn('wait', '--for=condition=Ready', 'pod', '-l', MANAGERS, '--timeout=300s')
    await stage().apply(payingJob(late, PAY_ONCE(late)))
    await jobIs(late, 'Complete')
    expect([...invoicesOf(suspended), ...invoicesOf(late)]).to.deep.equal([suspended, late])
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
