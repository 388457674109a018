/** One at a time for each name. */
export class Locks {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` alone among all that hold one of these names. */
  holding<Result>(names: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = names.map(async (name) => this.#last.get(name)?.catch(() => {}))
    const run = Promise.all(before).then(work)
    for (const name of names) this.#last.set(name, run)
    return run
  }
}
