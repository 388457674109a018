import { PassingMap } from '../../runtime/passing-map.ts'
import type { UnreadAnswer } from './evidence/receive-queues.ts'

/** Answers whose fate with the app is not known yet: from before their first byte until they are seen or closed. */
export class UnreadAnswers {
  readonly #answers = new PassingMap<number, UnreadAnswer>()
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get size(): number {
    return this.#answers.size
  }

  add(id: number, answer: UnreadAnswer): void {
    this.#answers.set(id, answer)
  }

  remove(id: number): void {
    if (this.#answers.take(id) !== undefined) this.#onChange()
  }

  has(id: number): boolean {
    return this.#answers.has(id)
  }

  get(id: number): UnreadAnswer | undefined {
    return this.#answers.get(id)
  }

  all(): UnreadAnswer[] {
    return [...this.#answers.values()]
  }
}
