import type { StoreProblemCode } from '../../contract/store-problems.ts'
import { Barrier } from './barrier.ts'
import { CallSteps } from './call-steps.ts'
import { type GuardOptions, Recovery } from './recovery.ts'
import { StandingSteps } from './standing-steps.ts'

/**
 * Stands before a store that may lose its last steps: writes down each send before it goes out, what came of it and who
 * may spend what; stops at the first doubt; and lets nothing pass until the store is known to be whole.
 */
export class Guard {
  readonly #options: GuardOptions
  readonly #recovery: Recovery
  readonly steps: CallSteps['steps'] & StandingSteps['steps']

  constructor(options: GuardOptions) {
    this.#options = options
    const barrier = new Barrier()
    const recovery = new Recovery(options, barrier)
    this.#recovery = recovery
    const parts = { recovery, barrier }
    this.steps = { ...new CallSteps(options, parts).steps, ...new StandingSteps(options, parts).steps }
  }

  problem(): string | undefined {
    const { journal, inner } = this.#options
    return this.#recovery.problem() ?? journal.problem() ?? inner.problem()
  }

  /** What is wrong, by code; none while it serves. */
  problemCodes(): readonly StoreProblemCode[] {
    const { journal, inner } = this.#options
    const code = this.#recovery.problemCode()
    if (code !== undefined) return [code]
    if (journal.problem() !== undefined) return ['journal_not_writable']
    return inner.problem() === undefined ? [] : ['store_failed']
  }

  /** A person's word that the store is to go on without the journal of a replica; undefined: nobody waits for it. */
  giveUp(replicaId: string): Promise<'given_up' | undefined> {
    return this.#recovery.giveUp(replicaId)
  }

  /** What the journal asks before it lets a segment go. */
  get keeping(): Pick<Recovery, 'resolved' | 'notesDrop'> {
    return this.#recovery
  }

  /** Resolves when it serves for the first time, or when only a person can help. */
  start(): Promise<void> {
    return this.#recovery.start()
  }

  /** A step of the store that needs no journal. */
  async pass<Answer>(step: () => Promise<Answer>): Promise<Answer> {
    this.#recovery.mustServe()
    return step()
  }

  /** Nothing is sent any more. A replica that ends cleanly is not waited for by the others. */
  async end(isClean: boolean): Promise<void> {
    await this.#recovery.end(isClean)
    await this.#options.journal.close()
    await this.#options.inner.close()
  }
}
