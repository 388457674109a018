/** Runs `action` when all that is ready in this turn of the event loop has been handled. No time passes: it is no timer. */
export function afterThisTurn(action: () => void): void {
  setImmediate(action)
}
