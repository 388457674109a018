import { systemClock } from '../runtime/clock.ts'
import { readEnvironment } from '../runtime/environment.ts'
import { systemRandom } from '../runtime/random.ts'
import { systemTerminal } from '../runtime/terminal.ts'
import { systemTimers } from '../runtime/timers.ts'
import type { Context } from './command.ts'
import { COMMANDS } from './commands.ts'
import { dispatch } from './dispatch.ts'

/** Ctrl-C and SIGTERM let the command end what it started; a second one ends it at once. */
function interruption(): AbortSignal {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130)
      interrupted.abort()
    })
  }
  return interrupted.signal
}

const context: Context = {
  terminal: systemTerminal,
  environment: readEnvironment(),
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  interrupted: interruption(),
}

process.exitCode = await dispatch(COMMANDS, process.argv.slice(2), context)
