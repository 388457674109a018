import { expect } from 'chai'
import { readManifest, selectJobs } from '../../local/run.ts'

const JOB = `
kind: Job
metadata: {name: billing}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        command: [true]
`
const job = (from: string, to: string) => JOB.replace('command: [true]', 'command: ["true"]').replace(from, to)
const withMain = (field: string) => job('- name: main', `- name: main\n        ${field}`)
const withPod = (field: string) => job('restartPolicy: Never', `restartPolicy: Never\n      ${field}`)
const withSpec = (field: string) => job('spec:\n  template', `spec:\n  ${field}\n  template`)

/** Problems of a manifest, or the notes of its Jobs, or nothing. */
function verdict(text: string, name?: string): { problems?: readonly string[]; notes?: readonly string[] } {
  const reading = readManifest(text, 'job.yaml')
  if (reading.kind === 'refused') return { problems: reading.problems }
  const selection = selectJobs(reading.manifest, name)
  if (selection.kind === 'refused') return { problems: selection.problems }
  return { notes: selection.jobs.flatMap(({ notes }) => notes) }
}

const REFUSED: readonly [string, string, string][] = [
  ['an empty file', '', 'job.yaml: there is no Job and no CronJob in this file'],
  [
    'a file without a Job',
    'kind: ConfigMap\nmetadata: {name: a}\n',
    'job.yaml: there is no Job and no CronJob in this file',
  ],
  ['a YAML error', 'kind: Job\nmetadata: {name: a\nspec: [', 'job.yaml:3:'],
  ['a key given twice', `${JOB}      restartPolicy: OnFailure\n`, 'job.yaml:11:7: Map keys must be unique'],
  ['a tab', 'kind: Job\n\tmetadata: {}', 'job.yaml:2:1'],
  ['a document that is a list', '- a', 'job.yaml:1: this document is not an object'],
  ['a document without a kind', 'metadata: {name: a}', 'job.yaml:1: this document has no kind'],
  ['a document without a name', 'kind: Job', 'job.yaml:1: this Job has no metadata'],
  [
    'two Jobs of one name',
    `${job('', '')}---${job('', '')}`,
    'job.yaml:12: Job/billing in namespace default is there twice (first on line 2)',
  ],
  [
    'a Secret that is not base64',
    `${job('', '')}---\nkind: Secret\nmetadata: {name: s}\ndata: {a: "%%"}`,
    'Secret/s: data.a is not base64',
  ],
  [
    'a ConfigMap with a number',
    `${job('', '')}---\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 5}`,
    'ConfigMap/c: data.a must be a string (put it in quotes)',
  ],
  [
    'a Job that would never make a Pod',
    withSpec('parallelism: 0'),
    'Job/billing: spec.parallelism is 0, so no Pod would ever be made; locally it must be at least 1',
  ],
  [
    'a container without a command',
    job('command: ["true"]', 'image: python:3.13'),
    'Job/billing: spec.template.spec.containers[main].command is missing: locally there is no image (python:3.13) whose entrypoint could be read, so say in the manifest what to run',
  ],
  [
    'an unknown field',
    withMain('comand: []'),
    'Job/billing: spec.template.spec.containers[main].comand is not supported locally',
  ],
  [
    'a volume of another kind',
    withPod('volumes: [{name: v, hostPath: {path: /etc}}]'),
    'Job/billing: spec.template.spec.volumes[v].hostPath is not supported locally',
  ],
  [
    'a volume without a source',
    withPod('volumes: [{name: v}]'),
    'Job/billing: spec.template.spec.volumes[v] must have exactly one of emptyDir, configMap, secret, projected',
  ],
  [
    'a mount without a volume',
    withMain('volumeMounts: [{name: v, mountPath: /v}]'),
    'Job/billing: spec.template.spec.containers[main].volumeMounts[v] names a volume that the Pod does not have',
  ],
  [
    'a relative mount',
    withMain('volumeMounts: [{name: v, mountPath: v}]'),
    'Job/billing: spec.template.spec.containers[main].volumeMounts[v].mountPath must be absolute',
  ],
  [
    'a sub path that leaves its volume',
    withMain('volumeMounts: [{name: v, mountPath: /v, subPath: a/../..}]'),
    'Job/billing: spec.template.spec.containers[main].volumeMounts[v].subPath must stay within its volume',
  ],
  [
    'a number as a command',
    job('"true"', '5'),
    'Job/billing: spec.template.spec.containers[main].command[0] must be a string, not the number 5',
  ],
  [
    'restartPolicy Always',
    job('restartPolicy: Never', 'restartPolicy: Always'),
    'Job/billing: spec.template.spec.restartPolicy is "Always"; locally it can be "Never" or "OnFailure"',
  ],
  [
    'no restartPolicy',
    job('restartPolicy: Never', 'volumes: []'),
    'Job/billing: spec.template.spec.restartPolicy is missing',
  ],
  [
    'host network',
    withPod('hostNetwork: true'),
    'Job/billing: spec.template.spec.hostNetwork is not supported locally',
  ],
  [
    'an HTTP hook',
    withMain('lifecycle: {postStart: {httpGet: {port: 80}}}'),
    'Job/billing: spec.template.spec.containers[main].lifecycle.postStart.httpGet is not supported locally',
  ],
  ['a suspended Job', withSpec('suspend: true'), 'Job/billing: spec.suspend is true; locally it can be false'],
  [
    'a success policy',
    withSpec('successPolicy: {rules: []}'),
    'Job/billing: spec.successPolicy is not supported locally',
  ],
  [
    'Indexed without completions',
    withSpec('completionMode: Indexed'),
    'Job/billing: spec.completions is missing: Indexed completion requires it',
  ],
  [
    'negative completions',
    withSpec('completions: -1'),
    'Job/billing: spec.completions must be a whole number of at least 0, not -1',
  ],
  [
    'two containers of one name',
    job('- name: main', '- {name: main, command: [a]}\n      - name: main'),
    'Job/billing: spec.template.spec.containers[main]: there are two containers of this name',
  ],
]

const ACCEPTED: readonly [string, string, readonly string[]][] = [
  ['a plain Job', job('', ''), []],
  [
    'resources',
    withMain('resources: {limits: {cpu: 1}}'),
    ['Job/billing: spec.template.spec.containers[main].resources is not enforced locally'],
  ],
  [
    'a rule on conditions',
    withSpec('podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}'),
    [
      'Job/billing: spec.podFailurePolicy.rules[0].onPodConditions never matches locally: no Pod is evicted or preempted here',
    ],
  ],
  [
    'runAsUser',
    withMain('securityContext: {runAsUser: 1000}'),
    [
      'Job/billing: spec.template.spec.containers[main].securityContext.runAsUser is ignored locally: containers run as the person who started them',
    ],
  ],
  [
    'a probe',
    withMain('livenessProbe: {exec: {command: [true]}}'),
    ['Job/billing: spec.template.spec.containers[main].livenessProbe is not run locally'],
  ],
  ['an emptyDir with nothing after it', withPod('volumes:\n      - name: v\n        emptyDir:'), []],
]

describe('a manifest', () => {
  for (const [what, text, problem] of REFUSED) {
    it(`with ${what} is refused: ${problem}`, () => {
      const { problems = [] } = verdict(text)
      expect(problems.join('\n')).to.contain(problem)
    })
  }

  it('with a YAML error says the first one of the document, not all that follow from it', () => {
    const { problems } = verdict(`kind: Job\nmetadata: {name: a namespace: b}\n${JOB}`)
    expect(problems).to.have.length(1)
  })

  for (const [what, text, notes] of ACCEPTED) {
    it(`with ${what} is accepted, with ${notes.length} notes`, () => {
      expect(verdict(text)).to.deep.equal({ notes })
    })
  }

  it("runs a CronJob's template under the CronJob's name, and only the one asked for", () => {
    const template = job('', '')
      .split('\n')
      .slice(3)
      .map((line) => `    ${line}`)
      .join('\n')
    const cron = `kind: CronJob\nmetadata: {name: nightly}\nspec:\n  schedule: "0 2 * * *"\n  jobTemplate:\n    metadata: {labels: {team: a}}\n${template}`
    const reading = readManifest(`${job('', '')}---\n${cron}`, 'job.yaml')
    if (reading.kind === 'refused') throw new Error(reading.problems.join())
    const selection = selectJobs(reading.manifest, 'nightly')
    if (selection.kind === 'refused') throw new Error(selection.problems.join())
    expect(selection.jobs.map(({ job: { kind, metadata } }) => ({ kind, metadata }))).to.deep.equal([
      { kind: 'Job', metadata: { name: 'nightly', namespace: 'default', labels: { team: 'a' } } },
    ])
    expect(selectJobs(reading.manifest, 'weekly')).to.deep.equal({
      kind: 'refused',
      problems: ['there is no Job or CronJob named weekly; there is: billing, nightly'],
    })
  })

  it('carries ConfigMaps, Secrets and namespaces, lists of objects too, and names what it skips', () => {
    const list = `kind: List\nitems:\n- {kind: Secret, metadata: {name: s}, data: {a: YQ==}, stringData: {b: c}}\n- {kind: Namespace, metadata: {name: n, labels: {x: "y"}}}\n- {kind: Service, metadata: {name: web}}`
    const reading = readManifest(`${job('', '')}---\n${list}`, 'job.yaml')
    if (reading.kind === 'refused') throw new Error(reading.problems.join())
    const { secrets, namespaces, skipped } = reading.manifest
    expect(
      secrets.map(({ name, data }) => [name, ...[...data].map(([key, value]) => `${key}=${value}`)]),
    ).to.deep.equal([['s', 'a=a', 'b=c']])
    expect(namespaces).to.deep.equal([{ name: 'n', labels: { x: 'y' } }])
    expect(skipped).to.deep.equal(['Service/web'])
  })
})
