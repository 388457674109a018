import type { Log } from './log.ts'

/** What a started process hands back: how to stop it. */
export interface Running {
  /** Stops taking work, lets what is in flight end, closes what is open. Resolves to the exit code (0 is normal). */
  drain(): Promise<number>
}

/**
 * start, ready, drain, stop: runs one process until SIGTERM or SIGINT, then drains and exits with its code.
 * A second signal during the drain ends the process at once with code 130. A failed start exits 1 after logging why.
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
  try {
    running = await start()
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
