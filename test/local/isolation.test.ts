import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openMachine, openStateFolder } from '../../local/run.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers } from '../../runtime/timers.ts'
import { skip } from '../../tools/test/skip.ts'
import { lastLines, openTestMachine, shellJob, startManifest, type TestMachine } from './machine.ts'
import { countProcesses } from './processes.ts'

const LISTEN = `require('node:http').createServer((_, answer) => answer.end(process.env.HOSTNAME)).listen(8080, '127.0.0.1', () =>
  fetch('http://localhost:8080').then((got) => got.text()).then((name) => console.log('listening', name)))`

for (const level of ['root', 'user'] as const) {
  describe(`Pods in namespaces, ${level}`, function () {
    let machine: TestMachine
    let close = () => {}
    let secrets: string

    before(async function () {
      secrets = mkdtempSync(join(tmpdir(), 'jobcap-secrets-'))
      writeFileSync(join(secrets, 'stripe'), 'sk_live_1')
      writeFileSync(join(secrets, 'policy.yaml'), 'caps: 5')
      const opened = await openTestMachine(level, { masked: [join(secrets, 'stripe'), join(secrets, 'policy.yaml')] })
      if (opened === undefined) {
        skip(this, `isolation ${level} is not possible on this machine`)
      }
      machine = opened
      close = opened.close
    })

    after(() => {
      close()
      rmSync(secrets, { recursive: true, force: true })
    })

    const run = (script: string, more: Parameters<typeof shellJob>[1] = {}) =>
      startManifest(machine.machine, shellJob(script, more))

    it('two Pods listen on localhost:8080 at once, each on its own', async () => {
      const test = run(`exec '${process.execPath}' -e '${LISTEN.replaceAll("'", '"')}'`, {
        job: 'completions: 2\n  parallelism: 2\n  completionMode: Indexed',
      })
      await Promise.all(
        [0, 1].map((index) => test.seen((event) => event.type === 'log' && event.line === `listening test-${index}`)),
      )
      test.interrupt()
      expect((await test.run.result).condition).to.equal(null)
    })

    it('a Pod has a loopback and no other network', async () => {
      const lines = await lastLines(
        run('tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "; ls /sys/class/net; ls /sys/fs/cgroup'),
      )
      expect(lines).to.deep.equal(['lo', 'lo'])
    })

    it('a container sees its own processes only, and is the first of them', async () => {
      // `$$` is written four times: Kubernetes reads `$$` in commands as one `$`.
      const lines = await lastLines(run('set -- /proc/[0-9]*; echo "$@"; echo $$$$'))
      expect(lines).to.deep.equal(['/proc/1', '1'])
    })

    it('a container has the environment that its manifest says, and nothing of ours', async () => {
      const lines = await lastLines(
        run('tr "\\\\0" "\\\\n" </proc/1/environ | cut -d= -f1 | sort', { main: 'env: [{name: A, value: b}]' }),
      )
      expect(lines.filter((name) => name !== 'PWD' && name !== 'OLDPWD')).to.deep.equal(['A', 'HOSTNAME', 'PATH'])
    })

    it('the state folder and what is masked cannot be read, nor the masks taken away', async () => {
      const { stateFolder } = machine
      const script = `
        cat ${secrets}/stripe ${secrets}/policy.yaml
        ls -A ${stateFolder}
        umount ${stateFolder} ${secrets}/stripe 2>/dev/null && echo unmasked
        unshare -Urm umount ${stateFolder} 2>/dev/null && echo unmasked
        unshare -Urm sh -c 'mkdir -p /tmp/x && mount --bind / /tmp/x && ls -A /tmp/x${stateFolder}' 2>/dev/null
        chroot /proc/1/root ls -A ${stateFolder} 2>/dev/null
        mknod /tmp/disk b 8 0 2>/dev/null && echo disk
        echo end`
      expect(await lastLines(run(script))).to.deep.equal(['end'])
    })

    it('a memory volume is seen by the containers that mount it and by no other', async () => {
      const test = startManifest(
        machine.machine,
        `
kind: Job
metadata: {name: test}
spec:
  template:
    spec:
      restartPolicy: Never
      volumes: [{name: credential, emptyDir: {medium: Memory}}]
      initContainers:
      - name: issuer
        command: [sh, -c, 'echo credential-text >/run/own/file; cat /run/own/file']
        volumeMounts: [{name: credential, mountPath: /run/own}]
      containers:
      - name: main
        command: [sh, -c, 'ls /run; grep -rls credential-text /run ${'$'}{TMPDIR:-/dev/shm}; echo end']
      - name: proxy
        command: [cat, /run/own/file]
        volumeMounts: [{name: credential, mountPath: /run/own}]
`,
      )
      await test.run.result
      expect([test.lines('issuer'), test.lines('main'), test.lines('proxy')]).to.deep.equal([
        ['credential-text'],
        ['end'],
        ['credential-text'],
      ])
    })

    it('a Unix socket in a private bind is reached by its containers and missing in others', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'jobcap-socket-'))
      const server = createServer((socket) => socket.end('hello\n')).listen(join(folder, 'ledger.sock'))
      await new Promise((resolve) => server.once('listening', resolve))
      const connect = `require("node:net").connect("/run/jobcap/ledger.sock").on("data", (text) => console.log(String(text).trim())).on("error", (fault) => console.log(fault.code))`
      const manifest = `
kind: Job
metadata: {name: test}
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers: [{name: issuer, command: [${process.execPath}, -e, ${JSON.stringify(connect)}]}]
      containers: [{name: main, command: [${process.execPath}, -e, ${JSON.stringify(connect)}]}]
`
      const privateBinds = [{ containers: ['issuer'], hostPath: folder, path: '/run/jobcap' }]
      const test = startManifest(machine.machine, manifest, { privateBinds })
      await test.run.result
      server.close()
      rmSync(folder, { recursive: true })
      expect([test.lines('issuer'), test.lines('main')]).to.deep.equal([['hello'], ['ENOENT']])
    })

    it('an ended container leaves no process, however its children have cut themselves off', async () => {
      const mark = `3${systemRandom.bytes(4).readUInt32BE()}`
      const test = run(`
        (setsid sh -c "(setsid sleep ${mark} </dev/null >/dev/null 2>&1 &) &" &)
        until grep -qs ${mark} /proc/[0-9]*/cmdline; do sleep 0.02; done
        grep -ls ${mark} /proc/[0-9]*/comm; echo started`)
      expect(await lastLines(test)).to.deep.equal(['started'])
      expect(countProcesses(mark)).to.equal(0)
    })

    it('a killed container ends with 137 and fails its Pod', async () => {
      const test = run('echo up; while :; do sleep 1; done')
      await test.seen((event) => event.type === 'log')
      const [started] = test.events.filter((event) => event.type === 'pod-started')
      expect(test.run.killContainer({ pod: started?.pod ?? '', container: 'main' })).to.equal(true)
      const { condition, pods } = await test.run.result
      expect(condition?.reason).to.equal('BackoffLimitExceeded')
      expect(pods[0]?.result.containers[0]?.exitCode).to.equal(137)
      expect(test.run.killContainer({ pod: started?.pod ?? '', container: 'main' })).to.equal(false)
    })

    it('an interrupt ends everything within the grace that a person has', async () => {
      const mark = `3${systemRandom.bytes(4).readUInt32BE()}`
      const test = run(`trap 'echo bye; exit 0' TERM; echo up; sleep ${mark} & wait`)
      await test.seen((event) => event.type === 'log')
      test.interrupt()
      expect((await test.run.result).condition).to.equal(null)
      expect(test.lines()).to.deep.equal(['up', 'bye'])
      expect(countProcesses(mark)).to.equal(0)
    })

    it('a program may open /dev/stdout again, and lines keep their order', async () => {
      expect(await lastLines(run('echo 1; echo 2 >/dev/stdout; echo 3 >&2; echo 4 >>/dev/stderr'))).to.deep.equal([
        '1',
        '2',
        '3',
        '4',
      ])
    })

    it('a read-only root takes no writes, its volumes do', async () => {
      const lines = await lastLines(
        run('touch /etc/x 2>/dev/null || echo refused; touch /mnt/x && echo written', {
          pod: 'volumes: [{name: work, emptyDir: {}}]',
          main: 'securityContext: {readOnlyRootFilesystem: true}\n        volumeMounts: [{name: work, mountPath: /mnt}]',
        }),
      )
      expect(lines).to.deep.equal(['refused', 'written'])
    })
  })
}

describe('what is to be hidden from containers', () => {
  it('must be there: a path that is not is an error and no silence', async () => {
    const state = mkdtempSync(join(tmpdir(), 'jobcap-hidden-'))
    const opening = await openMachine({
      ...{ state: openStateFolder(state), masked: [join(state, 'mistyped')] },
      ...{ clock: systemClock, timers: systemTimers, random: systemRandom },
    })
    expect(opening).to.deep.equal({
      kind: 'refused',
      problem: `${join(state, 'mistyped')} is to be hidden from containers, but there is no such file or folder`,
    })
    rmSync(state, { recursive: true })
  })
})

describe('Pods over an overlay of the root', () => {
  it('what a container writes and where volumes are mounted leaves no trace on the host', async function () {
    const opened = await openTestMachine('root')
    if (opened === undefined) {
      skip(this, 'isolation root is not possible on this machine')
    }
    const name = `jobcap-trace-${systemRandom.hex(6)}`
    const paths = [`/etc/${name}`, `/${name}`, `/run/${name}`, `/usr/${name}`, join(tmpdir(), name)]
    mkdirSync(join(opened.stateFolder, 'kept'))
    const test = startManifest(
      opened.machine,
      shellJob(
        `${paths.slice(0, 1).map((path) => `echo x >${path}`)}; echo x >/usr/${name}/deep/file && echo x >${tmpdir()}/${name} && echo written`,
        {
          pod: 'volumes: [{name: work, emptyDir: {}}]',
          main: `volumeMounts: [{name: work, mountPath: /${name}}, {name: work, mountPath: /run/${name}}, {name: work, mountPath: /usr/${name}/deep}]`,
        },
      ),
    )
    expect(await lastLines(test)).to.deep.equal(['written'])
    expect(paths.filter((path) => existsSync(path))).to.deep.equal([])
    opened.close()
  })

  it('a mount that the host has removed since the run began keeps no container from starting', async function () {
    const mounted = mkdtempSync(join(tmpdir(), 'jobcap-mounted-'))
    const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'jobcap-test', mounted]).status === 0
    const opened = isMounted ? await openTestMachine('root') : undefined
    if (isMounted) spawnSync('umount', [mounted])
    rmSync(mounted, { recursive: true })
    if (opened === undefined) {
      skip(this, 'isolation root is not possible on this machine')
    }
    expect(await lastLines(startManifest(opened.machine, shellJob('echo started')))).to.deep.equal(['started'])
    opened.close()
  })
})
