import type { Log } from './log.ts'
import { systemTimers } from './timers.ts'

/** What a started process hands back: how to stop it. */
export interface Running {
  /** Stops taking work, lets what is in flight end, closes what is open. Resolves to the exit code (0 is normal). */
  drain(): Promise<number>
}

/** A start that is under way when the end is asked for may go on this long: what drains leaves less behind. */
const START_ENDS_WITHIN_MS = 10_000

/**
 * start, ready, drain, stop: runs one process until SIGTERM, SIGINT or SIGHUP, then drains and exits with its code.
 * A second SIGTERM or SIGINT during the drain ends the process at once with code 130. A failed start exits 1 after logging why, and
 * one that does not come to its end within ten seconds of a signal exits 143: what it waits for may never come.
 */
export async function runProcess(log: Log, start: () => Promise<Running>): Promise<void> {
  let running: Running
  let stopRequested: (signal: NodeJS.Signals) => void = () => {}
  const stopped = new Promise<NodeJS.Signals>((resolve) => {
    stopRequested = resolve
  })
  let signals = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      signals += 1
      if (signals > 1) process.exit(130)
      stopRequested(signal)
    })
  }
  // Asks for the same, and is never a second: shell and kernel both tell of a closed terminal, and who started this
  // process cannot know whether a Ctrl-C, or an end of all that a service started, has reached it too.
  process.on('SIGHUP', () => stopRequested('SIGHUP'))
  let isStarted = false
  void stopped.then((signal) => {
    systemTimers.after(START_ENDS_WITHIN_MS, () => {
      if (isStarted) return
      log.warn({ signal }, 'ended before it had started')
      process.exit(143)
    })
  })
  try {
    running = await start()
    isStarted = true
  } catch (fault) {
    log.fatal({ err: fault }, 'start failed')
    process.exit(1)
  }
  const signal = await stopped
  log.info({ signal }, 'draining')
  try {
    process.exit(await running.drain())
  } catch (fault) {
    log.fatal({ err: fault }, 'drain failed')
    process.exit(1)
  }
}
