const AT_ONCE = 100

/**
 * The answers, in the order of the items, asked for a few at a time (default 100). Of thousands asked at once the last come
 * later than a store is waited for, and what calls ask meanwhile waits behind them all.
 */
export async function fewAtOnce<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
  atOnce = AT_ONCE,
): Promise<readonly Answer[]> {
  const answers = new Array<Answer>(items.length)
  const left = items.entries()
  const worker = async () => {
    for (let next = left.next(); !next.done; next = left.next()) {
      const [at, item] = next.value
      answers[at] = await ask(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return answers
}
