import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { matchFailurePolicy } from '../../local/controller/failure-policy.ts'
import { makePod, nameJob } from '../../local/controller/pod-object.ts'
import { restartDelayMs } from '../../local/kubelet/back-off.ts'
import { expand } from '../../local/kubelet/environment.ts'
import { hostsFile } from '../../local/kubelet/hosts-file.ts'
import type { FailureRule, Job } from '../../local/manifest/objects.ts'
import { listHostMounts, mountPointAt } from '../../local/namespaces/host-mounts.ts'
import { renamePaths } from '../../local/namespaces/process-sandbox.ts'
import { toShellEnvironment } from '../../local/namespaces/shell-text.ts'
import { openStateFolder, stateFolderPath } from '../../local/run.ts'
import { systemRandom } from '../../runtime/random.ts'

const JOB: Job = {
  kind: 'Job',
  metadata: { name: 'billing', labels: { team: 'a' } },
  spec: {
    completionMode: 'Indexed',
    completions: 3,
    template: {
      metadata: { labels: { app: 'b' }, annotations: { note: 'c' } },
      spec: {
        restartPolicy: 'Never',
        initContainers: [{ name: 'own', env: [{ name: 'JOB_COMPLETION_INDEX', value: 'mine' }] }],
        containers: [{ name: 'main' }],
      },
    },
  },
}

describe('a Pod of a Job', () => {
  it('carries the names, labels and the index that the Job controller gives it', () => {
    const running = nameJob(JOB, 'default', systemRandom)
    const pod = makePod(running, 2, systemRandom)
    expect(pod.name).to.match(/^billing-2-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
    expect(pod.hostName).to.equal('billing-2')
    expect(pod.labels).to.deep.equal({
      app: 'b',
      'batch.kubernetes.io/controller-uid': running.uid,
      'batch.kubernetes.io/job-name': 'billing',
      'batch.kubernetes.io/job-completion-index': '2',
      'controller-uid': running.uid,
      'job-name': 'billing',
    })
    expect(pod.annotations).to.deep.equal({ note: 'c', 'batch.kubernetes.io/job-completion-index': '2' })
  })

  it('gives every container the index, unless it sets the variable itself', () => {
    const { spec } = makePod(nameJob(JOB, 'default', systemRandom), 2, systemRandom)
    const fieldPath = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    expect(spec.containers[0]?.env).to.deep.equal([
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
    ])
    expect(spec.initContainers?.[0]?.env).to.deep.equal([{ name: 'JOB_COMPLETION_INDEX', value: 'mine' }])
  })

  it('a generated Job name fits into 63 characters', () => {
    const { name } = nameJob({ ...JOB, metadata: { generateName: 'x'.repeat(70) } }, 'default', systemRandom)
    expect(name).to.match(/^x{58}[a-z0-9]{5}$/)
  })
})

describe('a rule of the failure policy', () => {
  const rules: Record<string, FailureRule> = {
    any: { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    main: { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } },
    not: { action: 'Ignore', onExitCodes: { operator: 'NotIn', values: [1] } },
    condition: { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
  }
  const TABLE: readonly [string, string, string][] = [
    // rules, exit codes by container (i: init), the container and action that match
    ['any', 'main=42', 'main FailJob'],
    ['any', 'main=0', 'none'],
    ['any', 'main=1', 'none'],
    ['any', 'i:setup=42', 'setup FailJob'],
    ['any', 'i:setup=42 main=42', 'main FailJob'],
    ['main', 'i:setup=42', 'none'],
    ['not', 'main=7', 'main Ignore'],
    ['not', 'main=1', 'none'],
    ['not', 'main=0', 'none'],
    ['condition', 'main=1', 'none'],
    ['condition not any', 'main=42', 'main Ignore'],
    ['any not', 'main=42', 'main FailJob'],
  ]
  for (const [names, codes, expected] of TABLE) {
    it(`${names} over ${codes} matches ${expected}`, () => {
      const containers = codes.split(' ').map((word) => {
        const [name = '', exitCode] = word.replace('i:', '').split('=')
        return { name, isInit: word.startsWith('i:'), exitCode: Number(exitCode), restarts: 0, message: '' }
      })
      const chosen = names.split(' ').flatMap((name) => rules[name] ?? [])
      const job = { ...JOB, spec: { ...JOB.spec, podFailurePolicy: { rules: chosen } } }
      const pod = {
        name: 'p',
        index: 0,
        phase: 'Failed' as const,
        isTerminating: false,
        finishedAtMs: 0,
        restarts: 0,
        containers,
      }
      const match = matchFailurePolicy(job, 'default', pod)
      expect(match === null ? 'none' : `${match.message.split(' ')[1]} ${match.action}`).to.equal(expected)
    })
  }
})

describe('small parts of the kubelet', () => {
  const variables = { A: '1', B: '$(A)' }
  for (const [text, expected] of [
    ['$(A)-$(B)', '1-$(A)'],
    ['$(C) $A $(', '$(C) $A $('],
    ['$$(A) $$', '$(A) $'],
    ['$$$(A)', '$1'],
    ['$(constructor)', '$(constructor)'],
  ] as const) {
    it(`${text} expands to ${expected}`, () => {
      expect(expand(text, variables)).to.equal(expected)
    })
  }

  it('the first restart is at once, the next ones wait twice as long each, five minutes at most', () => {
    expect([0, 1, 2, 3, 30].map((count) => restartDelayMs(count, 10))).to.deep.equal([0, 10, 20, 40, 300_000])
  })

  it('hosts names the Pod and its aliases', () => {
    expect(
      hostsFile('j-0', [{ ip: '127.0.0.1', hostnames: ['a.localhost', 'b.localhost'] }])
        .split('\n')
        .slice(3),
    ).to.deep.equal([
      '127.0.0.1\tj-0',
      '',
      '# Entries added by HostAliases.',
      '127.0.0.1\ta.localhost\tb.localhost',
      '',
    ])
  })
})

describe('what a sandbox is told', () => {
  it('an environment survives the shell whatever is in it', () => {
    const environment = {
      PLAIN: 'a',
      QUOTES: `'"$(id)\`id\`\\`,
      LINES: 'a\n\tb\n',
      EMPTY: '',
      'dotted.name': 'x y',
      'dash-ed': '1',
    }
    const { assignments, prefix } = toShellEnvironment(environment)
    const script = `${assignments}exec "$@"`
    const printed = execFileSync('sh', ['-c', script, 'sh', ...prefix, 'env', '-0'], { env: {} }).toString()
    const variables = Object.fromEntries(
      printed
        .split('\0')
        .filter(Boolean)
        .map((entry) => [entry.split('=')[0], entry.slice(entry.indexOf('=') + 1)]),
    )
    delete variables['PWD']
    delete variables['_']
    delete variables['SHLVL']
    expect(variables).to.deep.equal(environment)
  })

  it('the mounts of the host are those with files in them', () => {
    const mountinfo = `
22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
24 22 0:6 / /sys rw - sysfs sysfs rw
25 22 0:7 / /dev rw - devtmpfs dev rw
26 25 0:8 / /dev/shm rw - tmpfs shm rw
27 22 0:9 / /run/lock rw - tmpfs lock rw
28 22 8:2 / /home rw shared:1 - ext4 /dev/sda2 rw
29 22 8:3 / /srv/a\\040b,c rw - xfs /dev/sdb rw
30 22 0:9 / /mnt/auto rw - autofs systemd rw`
    expect(listHostMounts(mountinfo)).to.deep.equal([
      { path: '/home', isLayerable: true },
      { path: '/srv/a b,c', isLayerable: false },
    ])
  })

  it('a mount point that is gone, or that we may not go to, is no error', () => {
    const folder = mkdtempSync(join(tmpdir(), 'jobcap-mount-points-'))
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'))
    expect(mountPointAt(folder)?.isDirectory()).to.equal(true)
    expect(['gone', 'loop', 'loop/inner'].map((name) => mountPointAt(join(folder, name)))).to.deep.equal(
      Array(3).fill(undefined),
    )
    rmSync(folder, { recursive: true })
  })

  it('without mounts a path is replaced where it stands as a path', () => {
    const rename = renamePaths([
      { kind: 'bind', source: '/s/outer', target: '/data' },
      { kind: 'readonly', source: '/s/inner', target: '/data/in.d' },
      { kind: 'mask', source: '/x', target: '/masked' },
    ])
    const texts = [
      '/data',
      'cat /data/a',
      '/data/in.d/x',
      '/database',
      '/my/data',
      'A=/data:/data',
      '/masked',
      '/data/inxd',
    ]
    expect(texts.map(rename)).to.deep.equal([
      '/s/outer',
      'cat /s/outer/a',
      '/s/inner/x',
      '/database',
      '/my/data',
      'A=/s/outer:/s/outer',
      '/masked',
      '/s/outer/inxd',
    ])
  })
})

describe('the state folder', () => {
  for (const [asked, environment, expected] of [
    ['/x', { XDG_STATE_HOME: '/s', HOME: '/h' }, '/x'],
    [undefined, { XDG_STATE_HOME: '/s', HOME: '/h' }, '/s/jobcap'],
    [undefined, { XDG_STATE_HOME: 'relative', HOME: '/h' }, '/h/.local/state/jobcap'],
    [undefined, { HOME: '/h' }, '/h/.local/state/jobcap'],
  ] as const) {
    it(`asked ${asked} under ${JSON.stringify(environment)} is ${expected}`, () => {
      expect(stateFolderPath(asked, environment)).to.equal(expected)
    })
  }

  it('is for its owner alone, and rid of the Pods of runs that were killed', () => {
    const base = mkdtempSync(join(tmpdir(), 'jobcap-state-'))
    // No process has this number: it is above Linux' largest.
    const left = join(base, 'pods', '4999999', 'pod')
    mkdirSync(left, { recursive: true })
    const { path, pods } = openStateFolder(base)
    expect(statSync(path).mode & 0o777).to.equal(0o700)
    expect([existsSync(left), existsSync(pods)]).to.deep.equal([false, true])
    rmSync(base, { recursive: true })
  })
})
