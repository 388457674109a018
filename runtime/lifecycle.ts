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
 * start, ready, drain, stop: runs one process until SIGTERM or SIGINT, then drains and exits with its code.
 * A second signal during the drain ends the process at once with code 130. A failed start exits 1 after logging why, and
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
