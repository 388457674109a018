/** The door to waiting. A timer is for deadlines and back-off only; what can be an event is awaited as one. */
export interface Timers {
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Runs `action` once after `delayMs`. Returns what cancels it. Does not keep the process alive. */
  after(delayMs: number, action: () => void): () => void
  /** Runs `action` every `periodMs`. Returns what cancels it. Does not keep the process alive. */
  every(periodMs: number, action: () => void): () => void
}

/** Runs `action` once all input that is there by now was taken up: what that led to at once can then be done together. */
export function afterInput(action: () => void): void {
  setImmediate(action)
}

export const systemTimers: Timers = {
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, delayMs)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  },
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs).unref()
    return () => clearTimeout(timer)
  },
  every(periodMs, action) {
    const timer = setInterval(action, periodMs).unref()
    return () => clearInterval(timer)
  },
}
