import type { JobEnd, RunEvent, RunSummary } from '../../cli/run/events.ts'
import type { Children, ChildStart } from './children.ts'
import { readJsonLines } from './lines.ts'
import { JOBCAP, TOOLS } from './places.ts'

type Of<Name extends RunEvent['event']> = Extract<RunEvent, { event: Name }>

interface Waiter {
  readonly fits: (event: RunEvent) => boolean
  readonly resolve: (event: RunEvent) => void
  readonly reject: (reason: Error) => void
}

const TAIL_LINES = 20

/** One `jobcap run --json`, as another program sees it: its events, and the processes they name. */
export class JobcapRun {
  readonly events: RunEvent[] = []
  /** What it says to people: on standard error. */
  readonly said: string[] = []
  /** Its exit code; null after a signal. */
  readonly ended: Promise<number | null>
  readonly #kill: (signal: NodeJS.Signals) => void
  #waiters: Waiter[] = []
  #isOver = false

  constructor(children: Children, args: readonly string[], more: ChildStart = {}) {
    const env = { ...process.env, PATH: `${TOOLS}:${process.env['PATH']}`, ...more.env }
    const child = children.start(JOBCAP, ['run', '--json', ...args], { ...more, env })
    this.#kill = (signal) => child.kill(signal)
    const say = (line: string) => this.said.push(line)
    const read = [
      readJsonLines(child.stdout, (line) => this.#take(line as RunEvent), say),
      readJsonLines(child.stderr, (line) => say(JSON.stringify(line)), say),
    ]
    const gone = new Promise<number | null>((resolve) => {
      child.once('close', resolve).once('error', (fault) => {
        say(fault.message)
        resolve(null)
      })
    })
    this.ended = Promise.all([gone, ...read]).then(([code]) => {
      this.#end()
      return code
    })
  }

  /** The newest event that fits, or the first to come. Rejects when the command ends without one. */
  async find<Name extends RunEvent['event']>(name: Name, fits: (event: Of<Name>) => boolean = () => true) {
    const matches = (event: RunEvent) => event.event === name && fits(event as Of<Name>)
    return (this.events.findLast(matches) ?? (await this.next(matches))) as Of<Name>
  }

  /** The first event to come that fits. Rejects when the command ends without one. */
  next(fits: (event: RunEvent) => boolean): Promise<RunEvent> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) reject(this.#endedEarly())
      else this.#waiters.push({ fits, resolve, reject })
    })
  }

  /** Kills a container's first process as a crash would; resolves when its end has been noticed. */
  async killContainer(index: number, container: string): Promise<void> {
    const { pid, pod } = await this.find('container.started', (e) => e.index === index && e.container === container)
    process.kill(pid, 'SIGKILL')
    await this.next((e) => e.event === 'container.ended' && e.pod === pod && e.container === container)
  }

  /** Kills the ledger; resolves when its successor serves. */
  async killLedger(): Promise<void> {
    const { pid } = await this.find('ledger.started')
    process.kill(pid, 'SIGKILL')
    await this.next((e) => e.event === 'ledger.started' && e.pid !== pid)
  }

  signal(signal: NodeJS.Signals): void {
    this.#kill(signal)
  }

  /** Waits for the end. Throws when the command did not come to the end of its Job. */
  async end(): Promise<{ exitCode: number | null; job: JobEnd; summary: RunSummary }> {
    const exitCode = await this.ended
    const job = this.events.find((event): event is Of<'job.ended'> => event.event === 'job.ended')
    const summary = this.events.find((event): event is Of<'summary'> => event.event === 'summary')
    if (job === undefined || summary === undefined) throw new Error(`jobcap run ended with ${exitCode}:\n${this.tail}`)
    return { exitCode, job, summary }
  }

  /** What it said last, for a person who looks for a reason. */
  get tail(): string {
    return this.said.slice(-TAIL_LINES).join('\n')
  }

  #take(event: RunEvent): void {
    this.events.push(event)
    const served = this.#waiters.filter(({ fits }) => fits(event))
    this.#waiters = this.#waiters.filter((waiter) => !served.includes(waiter))
    for (const { resolve } of served) resolve(event)
  }

  #end(): void {
    this.#isOver = true
    for (const { reject } of this.#waiters) reject(this.#endedEarly())
    this.#waiters = []
  }

  #endedEarly(): Error {
    return new Error(`jobcap run ended before what was waited for:\n${this.tail}`)
  }
}
