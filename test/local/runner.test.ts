import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readEnvironment } from '../../runtime/environment.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'
import { skip } from '../../tools/test/skip.ts'
import { lastLines, openTestMachine, shellJob, startManifest, type TestMachine } from './machine.ts'
import { untilNoProcess } from './processes.ts'

async function needMachine(...asked: Parameters<typeof openTestMachine>): Promise<TestMachine> {
  const opened = await openTestMachine(...asked)
  if (opened === undefined) throw new Error('this machine allows no Pods at all')
  return opened
}

/** The most Pods that ran at once. */
function mostAtOnce(events: readonly { type: string }[]): number {
  let now = 0
  let most = 0
  for (const { type } of events) {
    if (type === 'pod-started') most = Math.max(most, ++now)
    if (type === 'pod-ended') now -= 1
  }
  return most
}

const THREE_AT_ONCE = 'completions: 3\n  parallelism: 3\n  completionMode: Indexed'

describe('a local run', () => {
  it('runs as many Pods at once as parallelism says where each has its own network', async function () {
    const { machine, close } = await needMachine()
    if (machine.isolation.isOnePodAtATime) skip(this, 'Pods run one at a time on this machine')
    const test = startManifest(machine, shellJob('exit 0', { job: THREE_AT_ONCE }))
    await test.run.result
    expect(mostAtOnce(test.events)).to.equal(3)
    close()
  })

  it('runs one Pod at a time on the network of the host, and says so', async () => {
    const { machine, close } = await needMachine(undefined, { network: 'host' })
    expect(machine.isolation.leftOut.join(' ')).to.match(/one at a time/)
    const test = startManifest(machine, shellJob('exit 0', { job: THREE_AT_ONCE }))
    expect((await test.run.result).succeeded).to.equal(3)
    expect(mostAtOnce(test.events)).to.equal(1)
    close()
  })

  it('keeps a log file for each container, the lines of all its starts in it', async () => {
    const { machine, stateFolder, close } = await needMachine()
    const test = startManifest(machine, shellJob('echo one; echo two >&2'))
    const { pods } = await test.run.result
    const path = join(test.run.logFolder, pods[0]?.pod.name ?? '', 'main.log')
    expect(path.startsWith(stateFolder)).to.equal(true)
    expect(readFileSync(path, 'utf8')).to.equal('one\ntwo\n')
    close()
  })

  it('leaves nothing of a Pod in the state folder but its logs', async () => {
    const { machine, stateFolder, close } = await needMachine()
    await startManifest(machine, shellJob('exit 0')).run.result
    const [owner = '', ...others] = readdirSync(join(stateFolder, 'pods'))
    expect(others).to.deep.equal([])
    expect(readdirSync(join(stateFolder, 'pods', owner))).to.deep.equal([])
    close()
  })

  it('writes a Pod token that carries the facts of its Pod and Job, and renews it while the Pod lives', async () => {
    const renewals: { delayMs: number; renew: () => void }[] = []
    const timers: Timers = {
      ...systemTimers,
      after: (delayMs, action) => {
        if (delayMs === 480_000) renewals.push({ delayMs, renew: action })
        return systemTimers.after(delayMs, action)
      },
    }
    const { machine, close } = await needMachine(undefined, { timers })
    const issued: { audience: string; index: number | null; name: string; mode: string }[] = []
    const test = startManifest(
      machine,
      shellJob('cat /run/token/token; until grep -q 2 /run/token/token; do sleep 0.02; done; echo renewed', {
        job: 'completions: 1\n  completionMode: Indexed',
        pod: 'volumes: [{name: token, projected: {sources: [{serviceAccountToken: {path: token, audience: jobcap, expirationSeconds: 600}}]}}]',
        main: 'volumeMounts: [{name: token, mountPath: /run/token, readOnly: true}]',
      }),
      {
        issuePodToken: ({ audience, facts }) => {
          issued.push({ audience, index: facts.pod.index, name: facts.job.name, mode: facts.job.completionMode })
          return `token ${issued.length}\n`
        },
      },
    )
    await test.seen((event) => event.type === 'log' && event.line === 'token 1')
    expect(renewals).to.have.length(1)
    renewals[0]?.renew()
    expect(await lastLines(test)).to.deep.equal(['token 1', 'renewed'])
    const facts = { audience: 'jobcap', index: 0, name: 'test', mode: 'Indexed' }
    expect(issued).to.deep.equal([facts, facts])
    close()
  })

  it('starts a killed sidecar again at once while the app goes on', async () => {
    const { machine, close } = await needMachine()
    const test = startManifest(
      machine,
      `
kind: Job
metadata: {name: test}
spec:
  template:
    spec:
      restartPolicy: Never
      volumes: [{name: work, emptyDir: {}}]
      initContainers:
      - name: side
        restartPolicy: Always
        command: [sh, -c, 'echo up; echo up >>/mnt/starts; trap "exit 0" TERM; while :; do sleep 0.05; done']
        volumeMounts: [{name: work, mountPath: /mnt}]
      containers:
      - name: main
        command: [sh, -c, 'until [ "$(wc -l </mnt/starts)" = 2 ]; do sleep 0.05; done']
        volumeMounts: [{name: work, mountPath: /mnt}]
`,
    )
    const up = await test.seen((event) => event.type === 'log' && event.container === 'side')
    expect(test.run.killContainer({ pod: 'pod' in up ? up.pod : '', container: 'side' })).to.equal(true)
    const { condition, pods } = await test.run.result
    expect(condition?.type).to.equal('Complete')
    expect(pods[0]?.result.containers.map(({ name, exitCode, restarts }) => [name, exitCode, restarts])).to.deep.equal([
      ['side', 0, 1],
      ['main', 0, 0],
    ])
    expect(test.events.flatMap((event) => (event.type === 'container-ended' ? [event.exitCode] : []))).to.include(137)
    close()
  })

  it('replaces a killed Pod under its index, and a deleted one after its end', async () => {
    const { machine, close } = await needMachine()
    const more = { job: 'completions: 1\n  completionMode: Indexed\n  podReplacementPolicy: Failed' }
    const manifest = shellJob('trap "exit 1" TERM; echo up; while :; do sleep 0.05; done', more).replace(
      'backoffLimit: 0',
      '',
    )
    const test = startManifest(machine, manifest)
    const ups = () => test.events.flatMap((event) => (event.type === 'log' && event.line === 'up' ? [event.pod] : []))
    await test.seen(() => ups().length === 1)
    expect(test.run.killPod({ index: 0 })).to.equal(true)
    await test.seen(() => ups().length === 2)
    expect(test.run.deletePod({ index: 0 })).to.equal(true)
    await test.seen(() => ups().length === 3)
    test.interrupt()
    const { pods } = await test.run.result
    expect(pods.map(({ pod, result }) => [pod.index, result.phase])).to.deep.equal(Array(3).fill([0, 'Failed']))
    expect(mostAtOnce(test.events)).to.equal(1)
    close()
  })

  it('tells the sidecars of a deleted Pod to end when its app has to be killed', async () => {
    const graceOver: (() => void)[] = []
    const timers: Timers = {
      ...systemTimers,
      after: (delayMs, action) => {
        // The end of the grace less the clock: not always a whole number.
        if (Math.round(delayMs) !== 600_000) return systemTimers.after(delayMs, action)
        graceOver.push(action)
        return () => {}
      },
    }
    const { machine, close } = await needMachine(undefined, { timers })
    const manifest = shellJob('trap "" TERM; echo up; while :; do sleep 0.05; done', {
      job: 'completions: 1\n  completionMode: Indexed',
      pod: `terminationGracePeriodSeconds: 600
      initContainers:
      - name: side
        restartPolicy: Always
        command: [sh, -c, 'trap "exit 93" TERM; echo up; while :; do sleep 0.05; done']`,
    })
    const test = startManifest(machine, manifest)
    await test.seen(() => test.events.filter((event) => event.type === 'log' && event.line === 'up').length === 2)
    expect(test.run.deletePod({ index: 0 })).to.equal(true)
    expect(graceOver).to.have.length(1)
    graceOver[0]?.()
    await test.seen((event) => event.type === 'pod-ended')
    const ended = test.events.flatMap((one) => (one.type === 'container-ended' ? [[one.container, one.exitCode]] : []))
    expect(ended).to.deep.equal([
      ['main', 137],
      ['side', 93],
    ])
    test.interrupt()
    await test.run.result
    close()
  })

  it('a command that does not exist fails its Pod and says so in the log', async () => {
    const { machine, close } = await needMachine()
    const test = startManifest(machine, shellJob('').replace(/command: .*/, 'command: [/no/such/program]'))
    const { pods } = await test.run.result
    expect(pods[0]?.result.containers[0]?.exitCode).to.be.oneOf([127, 128])
    expect(JSON.stringify(test.events)).to.contain('/no/such/program')
    close()
  })

  // What cuts itself off from its process group outlives a container without namespaces, whoever ended it.
  for (const [level, apart] of [
    ['root', 'setsid '],
    ['user', 'setsid '],
    ['none', ''],
  ] as const) {
    it(`leaves no process behind when it is killed with SIGKILL itself, ${level}`, async function () {
      const opened = await openTestMachine(level)
      if (opened === undefined) skip(this, `isolation ${level} is not possible on this machine`)
      opened.close()
      const mark = `3${systemRandom.bytes(4).readUInt32BE()}`
      const folder = mkdtempSync(join(tmpdir(), 'jobcap-killed-'))
      const sleeper = `sh -c 'echo up; exec sleep ${mark}'`
      const script = `(${apart}${sleeper} &); ${sleeper} & wait`
      const runner = spawn(process.execPath, [fileURLToPath(new URL('run-one.ts', import.meta.url)), level, script], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...readEnvironment(), TMPDIR: folder },
      })
      let ups = 0
      for await (const line of createInterface({ input: runner.stdout })) {
        if (line === 'up') ups += 1
        if (ups === 2) break
      }
      runner.kill('SIGKILL')
      await new Promise((resolve) => runner.once('exit', resolve))
      await untilNoProcess(mark)
      rmSync(folder, { recursive: true })
    })
  }
})

describe('without namespaces', () => {
  it('Pods run one at a time, as processes whose paths lead to their volumes', async () => {
    const { machine, close } = await needMachine('none')
    expect(machine.isolation.isOnePodAtATime).to.equal(true)
    expect(machine.isolation.leftOut.join(' ')).to.match(/one at a time/)
    const test = startManifest(
      machine,
      shellJob(
        'echo "$JOB_COMPLETION_INDEX" >/no/such/mount/file; cat "$WHERE"; printf message >/dev/termination-log',
        {
          job: THREE_AT_ONCE,
          pod: 'volumes: [{name: work, emptyDir: {}}]',
          main: 'volumeMounts: [{name: work, mountPath: /no/such/mount}]\n        env: [{name: WHERE, value: /no/such/mount/file}]',
        },
      ),
    )
    const { pods, succeeded } = await test.run.result
    expect([succeeded, mostAtOnce(test.events)]).to.deep.equal([3, 1])
    expect(test.lines()).to.deep.equal(['0', '1', '2'])
    expect(pods.map(({ result }) => result.containers[0]?.message)).to.deep.equal(['message', 'message', 'message'])
    expect(existsSync('/no')).to.equal(false)
    close()
  })

  it('variables given from outside reach every container, and the manifest wins', async () => {
    const { machine, close } = await needMachine('none')
    const environment = { JOBCAP_STRIPE_HOST: '127.0.0.1', JOBCAP_STRIPE_PORT: '4101' }
    const manifest = shellJob('echo $JOBCAP_STRIPE_HOST $JOBCAP_STRIPE_PORT', {
      main: 'env: [{name: JOBCAP_STRIPE_PORT, value: "1"}]',
    })
    expect(await lastLines(startManifest(machine, manifest, { environment }))).to.deep.equal(['127.0.0.1 1'])
    close()
  })
})
