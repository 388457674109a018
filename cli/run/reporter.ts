import { describeEvent, type RunEvent as LocalEvent } from '../../local/run.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Terminal } from '../../runtime/terminal.ts'
import type { RunEvent } from './events.ts'
import { PersonReporter } from './person-reporter.ts'

/** Tells what happens: lines for people, or one JSON event a line for machines. */
export interface Reporter {
  /** A sentence for a person; machines do not get it on standard output. */
  say(sentence: string): void
  local(event: LocalEvent): void
  event(event: RunEvent): void
  /** Nothing more will be told. */
  end(): void
}

export function personReporter(terminal: Terminal, clock: Clock): Reporter {
  return new PersonReporter(terminal, clock)
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
    end: () => {},
  }
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
