import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { JobEnd, RunEvent, RunSummary } from '../../cli/run/events.ts'
import { readJsonLines } from './lines.ts'
import { JOBCAP, TOOLS } from './stage.ts'

type Of<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>

/** One `jobcap run --json`, as another program sees it: its events, and the processes they name. */
export class JobcapRun {
  readonly events: RunEvent[] = []
  readonly #child: ChildProcess
  readonly #chatter: string[] = []
  #waiters: { fits: (event: RunEvent) => boolean; resolve: (event: RunEvent) => void }[] = []
  readonly #ended: Promise<number>

  constructor(args: readonly string[]) {
    this.#child = spawn(JOBCAP, ['run', '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${TOOLS}:${process.env['PATH']}` },
    })
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) throw new Error('jobcap run has no pipes')
    const lines = readJsonLines(
      stdout,
      (line) => this.#take(line as RunEvent),
      (line) => this.#chatter.push(line),
    )
    const said = readJsonLines(
      stderr,
      (line) => this.#chatter.push(JSON.stringify(line)),
      (line) => this.#chatter.push(line),
    )
    this.#ended = Promise.all([once(this.#child, 'exit'), lines, said]).then(([[code]]) => Number(code))
    void this.#ended.then(() => this.#failWaiters())
  }

  /** The first event that fits, past or to come. Rejects when the command has ended without one. */
  async find<Name extends RunEvent['event']>(name: Name, fits: (event: Of<Name>) => boolean = () => true) {
    const matches = (event: RunEvent) => event.event === name && fits(event as Of<Name>)
    const past = this.events.findLast(matches)
    if (past !== undefined) return past as Of<Name>
    return (await this.#next(matches)) as Of<Name>
  }

  /** Kills a container's first process as a crash would; resolves when its end has been noticed. */
  async killContainer(index: number, container: string): Promise<void> {
    const { pid, pod } = await this.find('container.started', (e) => e.index === index && e.container === container)
    const gone = this.#next((e) => e.event === 'container.ended' && e.pod === pod && e.container === container)
    process.kill(pid, 'SIGKILL')
    await gone
  }

  /** Kills the ledger; resolves when its successor serves. */
  async killLedger(): Promise<void> {
    const { pid } = await this.find('ledger.started')
    const back = this.#next((e) => e.event === 'ledger.started' && e.pid !== pid)
    process.kill(pid, 'SIGKILL')
    await back
  }

  /** Waits for the end. Throws what the command said when it did not run its Job at all. */
  async end(): Promise<{ exitCode: number; job: JobEnd; summary: RunSummary }> {
    const exitCode = await this.#ended
    const job = this.events.find((event): event is Of<'job.ended'> => event.event === 'job.ended')
    const summary = this.events.find((event): event is Of<'summary'> => event.event === 'summary')
    if (job === undefined || summary === undefined) {
      throw new Error(`jobcap run ended with ${exitCode}:\n${this.#chatter.slice(-20).join('\n')}`)
    }
    return { exitCode, job, summary }
  }

  stop(): void {
    this.#child.kill('SIGTERM')
  }

  #take(event: RunEvent): void {
    this.events.push(event)
    const now = this.#waiters.filter(({ fits }) => fits(event))
    this.#waiters = this.#waiters.filter((waiter) => !now.includes(waiter))
    for (const { resolve } of now) resolve(event)
  }

  #next(fits: (event: RunEvent) => boolean): Promise<RunEvent> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ fits, resolve })
      void this.#ended.then((code) => reject(new Error(`jobcap run ended (${code}) before what was waited for`)))
    })
  }

  #failWaiters(): void {
    this.#waiters = []
  }
}
