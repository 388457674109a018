import { systemClock } from '../runtime/clock.ts'
import { readEnvironment } from '../runtime/environment.ts'
import { systemRandom } from '../runtime/random.ts'
import { systemTerminal } from '../runtime/terminal.ts'
import { systemTimers } from '../runtime/timers.ts'
import type { Context } from './command.ts'
import { COMMANDS } from './commands.ts'
import { dispatch } from './dispatch.ts'
import { EXIT, endingOf } from './faults.ts'

/**
 * Ctrl-C, SIGTERM, a closed terminal and a reader that went away let the command end what it started; a second
 * Ctrl-C or SIGTERM ends it at once.
 */
function interruption(): AbortSignal {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(EXIT.interrupted)
      interrupted.abort()
    })
  }
  // Of a closed terminal shell and kernel both tell: neither is a second word.
  process.on('SIGHUP', () => interrupted.abort())
  systemTerminal.onGone(() => interrupted.abort())
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

process.on('uncaughtException', (fault) => {
  systemTerminal.err(endingOf(fault, process.argv[2] ?? '').text)
  process.exit(EXIT.no)
})
const exitCode = await dispatch(COMMANDS, process.argv.slice(2), context)
// A question that nobody waits for any more must not keep the process.
if (exitCode === EXIT.interrupted) process.exit(exitCode)
process.exitCode = exitCode
