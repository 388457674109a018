import { describeEvent, type RunEvent as LocalEvent } from '../../local/run.ts'
import type { Terminal } from '../../runtime/terminal.ts'
import type { RunEvent, RunSummary } from './events.ts'

/** Tells what happens: lines for people, or one JSON event a line for machines. */
export interface Reporter {
  /** A sentence for a person; machines do not get it on standard output. */
  say(sentence: string): void
  local(event: LocalEvent): void
  event(event: RunEvent): void
}

export function personReporter(terminal: Terminal): Reporter {
  return {
    say: (sentence) => terminal.out(`${sentence}\n`),
    local: (event) => {
      if (isWorthTelling(event)) terminal.out(`${describeEvent(event)}\n`)
    },
    event: (event) => {
      if (event.event === 'summary') terminal.out(describeSummary(event))
    },
  }
}

export function machineReporter(terminal: Terminal): Reporter {
  const print = (event: RunEvent) => terminal.out(`${JSON.stringify(event)}\n`)
  return {
    say: (sentence) => terminal.err(`${sentence}\n`),
    local: (event) => {
      const told = forMachines(event)
      if (told !== undefined) print(told)
      else if (event.type === 'note') terminal.err(`${describeEvent(event)}\n`)
    },
    event: print,
  }
}

/** Starts and ordinary ends are many and say little; a person wants output, failures and the Job's end. */
function isWorthTelling(event: LocalEvent): boolean {
  if (event.type === 'container-started' || event.type === 'pod-started') return false
  return event.type !== 'container-ended' || event.exitCode !== 0
}

function forMachines(event: LocalEvent): RunEvent | undefined {
  switch (event.type) {
    case 'pod-started':
      return { event: 'pod.started', pod: event.pod, index: event.index }
    case 'container-started': {
      const { pod, index, container, pid } = event
      return { event: 'container.started', pod, index, container, pid }
    }
    case 'container-ended': {
      const { pod, index, container, exitCode, message } = event
      return { event: 'container.ended', pod, index, container, exitCode, terminationMessage: message }
    }
    case 'pod-ended':
      return { event: 'pod.ended', pod: event.pod, index: event.index, phase: event.result.phase }
    case 'job-started':
    case 'job-ended':
    case 'log':
    case 'note':
      return undefined
  }
}

function describeSummary(summary: RunSummary): string {
  const { job, spentUsd, capUsd, settled, replayed, refused, inDoubt, pods, logs } = summary
  const cap = capUsd === null ? 'no cap' : `of $${capUsd}`
  const doubt = inDoubt === 0 ? '' : `, ${inDoubt} IN DOUBT (their money stays reserved; see jobcap doctor)`
  return (
    `\n${job}: $${spentUsd} ${cap} spent; ${settled} calls settled, ${replayed} replayed, ${refused} refused${doubt}; ` +
    `${pods} Pods\nlogs: ${logs}\n`
  )
}
