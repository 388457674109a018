import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LocalPodToken } from '../../contract/workload.ts'
import type { IsolationLevel } from '../../local/namespaces/sandbox.ts'
import {
  type JobRequest,
  type JobRun,
  type Machine,
  openMachine,
  openStateFolder,
  type RunEvent,
  readManifest,
  selectJobs,
} from '../../local/run.ts'
import { systemClock } from '../../runtime/clock.ts'
import { systemRandom } from '../../runtime/random.ts'
import { systemTimers, type Timers } from '../../runtime/timers.ts'

export interface TestMachine {
  readonly machine: Machine
  readonly stateFolder: string
  close(): void
}

/** A real machine with a state folder of its own; undefined where this level of isolation is not possible. */
export async function openTestMachine(
  isolation?: IsolationLevel,
  more: { masked?: readonly string[]; network?: 'pod' | 'host'; timers?: Timers } = {},
): Promise<TestMachine | undefined> {
  const stateFolder = mkdtempSync(join(tmpdir(), 'jobcap-local-'))
  const opening = await openMachine({
    state: openStateFolder(stateFolder),
    masked: [],
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    ...more,
    ...(isolation === undefined ? {} : { isolation }),
  })
  const close = () => rmSync(stateFolder, { recursive: true, force: true })
  if (opening.kind === 'open') return { machine: opening.machine, stateFolder, close }
  close()
  return undefined
}

export interface TestRun {
  readonly run: JobRun
  readonly events: RunEvent[]
  /** Resolves at the first event, past or to come, that `is` accepts. */
  seen(is: (event: RunEvent) => boolean): Promise<RunEvent>
  readonly interrupt: () => void
  /** All log lines so far, of one container or of all. */
  lines(container?: string): string[]
}

/** Starts the only Job of a manifest, with short back-offs. */
export function startManifest(machine: Machine, text: string, more: Partial<JobRequest> = {}): TestRun {
  const reading = readManifest(text, 'test.yaml')
  if (reading.kind === 'refused') throw new Error(reading.problems.join('\n'))
  const selection = selectJobs(reading.manifest)
  if (selection.kind === 'refused') throw new Error(selection.problems.join('\n'))
  const [selected] = selection.jobs
  if (selected === undefined) throw new Error('no Job')
  const events: RunEvent[] = []
  const watchers = new Set<(event: RunEvent) => void>()
  const abort = new AbortController()
  const start = machine.startJob({
    job: selected.job,
    namespace: selected.namespace,
    namespaceLabels: {},
    configMaps: reading.manifest.configMaps,
    secrets: reading.manifest.secrets,
    issuePodToken: (content: LocalPodToken) => JSON.stringify(content),
    backOff: { baseMs: 5, maxMs: 50 },
    restartBaseMs: 5,
    onEvent: (event) => {
      events.push(event)
      for (const watch of watchers) watch(event)
    },
    signal: abort.signal,
    ...more,
  })
  if (start.kind === 'refused') throw new Error(start.problems.join('\n'))
  return {
    run: start.run,
    events,
    seen: (is) =>
      new Promise((resolve) => {
        const past = events.find(is)
        if (past !== undefined) resolve(past)
        const watch = (event: RunEvent) => {
          if (!is(event)) return
          watchers.delete(watch)
          resolve(event)
        }
        watchers.add(watch)
      }),
    interrupt: () => abort.abort(),
    lines: (container) =>
      events.flatMap((event) =>
        event.type === 'log' && (container === undefined || event.container === container) ? [event.line] : [],
      ),
  }
}

/** The only line of the log of a Job's container, once the Job has ended. */
export async function lastLines(test: TestRun, container = 'main'): Promise<string[]> {
  await test.run.result
  return test.lines(container)
}

/** A Job of one container that runs a shell script. `pod` and `main` are more YAML fields, in flow style. */
export function shellJob(script: string, more: { job?: string; pod?: string; main?: string } = {}): string {
  return `
kind: Job
metadata: {name: test}
spec:
  backoffLimit: 0
  ${more.job ?? ''}
  template:
    spec:
      restartPolicy: Never
      ${more.pod ?? ''}
      containers:
      - name: main
        ${more.main ?? ''}
        command: [sh, -c, ${JSON.stringify(script)}]
`
}
