import { ISSUER_CONTAINER, PROXY_CONTAINER } from '../../contract/labels.ts'
import { describeEvent, type RunEvent as LocalEvent } from '../../local/run.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Terminal } from '../../runtime/terminal.ts'
import { readLogLine } from '../log-line.ts'
import type { RunEvent, RunSummary } from './events.ts'
import { PodCounts } from './pod-counts.ts'
import { readStop } from './stops.ts'

const CLEAR_LINE = '\r\u001b[2K'

/** Lines for people: the apps' output, what went wrong, and how far the Job is; the rest is in the logs. */
export class PersonReporter {
  readonly #terminal: Terminal
  readonly #clock: Clock
  #counts = new PodCounts(null)
  #startedAtMs = 0
  #status = ''

  constructor(terminal: Terminal, clock: Clock) {
    this.#terminal = terminal
    this.#clock = clock
  }

  say(sentence: string): void {
    this.#print(`${sentence}\n`)
  }

  local(event: LocalEvent): void {
    this.#counts.take(event)
    const line = this.#lineOf(event)
    if (line !== undefined) this.#print(`${line}\n`)
    else if (event.type === 'pod-started') this.#draw()
  }

  event(event: RunEvent): void {
    switch (event.event) {
      case 'job.started':
        this.#counts = new PodCounts(event.completions)
        this.#startedAtMs = this.#clock.monotonicMs()
        break
      case 'run.opened':
        this.say(`run ${event.runUid} opened, its key is ${event.keyId}`)
        break
      case 'job.ended':
        this.#counts = new PodCounts(null)
        break
      case 'summary':
        this.#print(describeSummary(event, this.#clock.monotonicMs() - this.#startedAtMs))
        break
      default:
    }
  }

  end(): void {
    this.#counts = new PodCounts(null)
    this.#print('')
  }

  /** Undefined for what a person need not know. */
  #lineOf(event: LocalEvent): string | undefined {
    switch (event.type) {
      case 'pod-started':
      case 'container-started':
        return undefined
      case 'container-ended':
        return event.exitCode === 0 ? undefined : endOf(event)
      case 'pod-ended':
        return `${describeEvent(event)}${this.#counts.progress(' (', ')')}`
      case 'log':
        return logLine(event)
      case 'job-started':
      case 'job-ended':
      case 'note':
        return describeEvent(event)
    }
  }

  /** The status stays the last line of a terminal; elsewhere the ends of the Pods say how far the Job is. */
  #print(text: string): void {
    if (this.#status !== '') this.#terminal.out(CLEAR_LINE)
    this.#status = ''
    if (text !== '') this.#terminal.out(text)
    this.#draw()
  }

  #draw(): void {
    if (!this.#terminal.isInteractive) return
    const status = this.#counts.status().slice(0, this.#terminal.columns - 1)
    if (status === this.#status) return
    this.#terminal.out(`${CLEAR_LINE}${status}`)
    this.#status = status
  }
}

function isOurs(container: string): boolean {
  return container === ISSUER_CONTAINER || container === PROXY_CONTAINER
}

/** All that an app says; of our own logs warnings and worse. */
function logLine(event: Extract<LocalEvent, { type: 'log' }>): string | undefined {
  const ours = isOurs(event.container) ? readLogLine(event.line) : undefined
  if (ours === undefined) return describeEvent(event)
  return ours.isWarning ? describeEvent({ ...event, line: ours.text }) : undefined
}

function endOf(event: Extract<LocalEvent, { type: 'container-ended' }>): string {
  if (!isOurs(event.container) || event.message === '') return describeEvent(event)
  return describeEvent({ ...event, message: readStop(event.message, '').message })
}

function describeSummary(summary: RunSummary, tookMs: number): string {
  const { spentUsd, capUsd, settled, replayed, refused, inDoubt, pods, succeeded, failed, stops, logs, job } = summary
  const doubt = inDoubt === 0 ? '' : `, ${inDoubt} IN DOUBT: their money stays reserved, see jobcap doctor`
  const rows = [
    ['spent', `$${spentUsd}${capUsd === null ? '' : ` of $${capUsd}`}`],
    ['calls', `${settled} settled, ${replayed} replayed, ${refused} refused${doubt}`],
    ['Pods', `${pods}: ${succeeded} succeeded, ${failed} failed, in ${(tookMs / 1000).toFixed(1)} s`],
    ['logs', logs],
    ...stops.map(({ container, reason, message }) => ['stopped', `${message} (${reason}, ${container})`]),
  ]
  return `\n${job}\n${rows.map(([name = '', value]) => `  ${name.padEnd(7)}  ${value}\n`).join('')}`
}
