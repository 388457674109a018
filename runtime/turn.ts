/** The same question, put to the world at most once in a turn of the event loop: what came with one turn finds one answer. */
export function oncePerTurn<Answer>(ask: () => Answer): () => Answer {
  let known: { readonly answer: Answer } | undefined
  const forget = () => {
    known = undefined
  }
  return () => {
    if (known === undefined) {
      known = { answer: ask() }
      afterThisTurn(forget)
    }
    return known.answer
  }
}

/** Runs `action` when all that is ready in this turn of the event loop has been handled. No time passes: it is no timer. */
export function afterThisTurn(action: () => void): void {
  setImmediate(action)
}
