import type { Guard } from '../../../store/recovery/guard.ts'
import type { Breach } from '../judge/breach.ts'
import type { Stage } from '../stage.ts'

export interface CaretakerOptions {
  readonly stage: Stage
  /** Of the ledgers that run. */
  readonly guards: () => readonly Guard[]
  /** Whether the store has ever lost anything: a journal that is given up may then have held what nobody else knows. */
  readonly hasLost: () => boolean
  /** What becomes of the calls from here on nobody can promise. */
  readonly onBeyondPromises: () => void
  /** A store that has lost nothing is said to be older than a journal. */
  readonly onWrongAge: () => void
}

const LOOKS_EVERY_MS = 1_000

/** Of whom more is asked than is needed: a breach. */
export interface Person extends Pick<CaretakerOptions, 'onBeyondPromises' | 'onWrongAge'> {
  /** A replica takes a new id whose journal was never copied: a person would have to give up the old one. */
  onWrongName(replicaId: string): void
}

interface Watched {
  readonly onBreach: (breach: Breach) => void
  readonly onBeyondPromises: () => void
}

export function personOf({ onBreach, onBeyondPromises }: Watched): Person {
  return {
    onBeyondPromises,
    onWrongAge: () => onBreach({ kind: 'stuck', message: 'a store that lost nothing is said to be too old' }),
    onWrongName: (replicaId) =>
      onBreach({ kind: 'stuck', message: `${replicaId} counts as a copy, and its journal is the only one` }),
  }
}

/** The person who reads what is wrong with the store, and gives up a journal whose disk is gone. */
export class Caretaker {
  readonly #options: CaretakerOptions
  /** Replicas whose disks are gone. */
  readonly #gone = new Set<string>()

  constructor(options: CaretakerOptions) {
    this.#options = options
    this.#lookAgain()
  }

  isGone(replicaId: string): void {
    this.#gone.add(replicaId)
  }

  #lookAgain(): void {
    this.#options.stage.scheduler.after(LOOKS_EVERY_MS, () => {
      for (const guard of this.#options.guards()) this.#lookAt(guard)
      this.#lookAgain()
    })
  }

  #lookAt(guard: Guard): void {
    const { hasLost, onBeyondPromises, onWrongAge } = this.#options
    const codes = guard.problemCodes()
    if (codes.includes('store_too_old')) {
      if (hasLost()) onBeyondPromises()
      else onWrongAge()
    }
    if (!codes.includes('journals_missing') || this.#gone.size === 0) return
    if (hasLost()) onBeyondPromises()
    else for (const replicaId of this.#gone) this.#giveUp(guard, replicaId)
  }

  #giveUp(guard: Guard, replicaId: string): void {
    const { trace } = this.#options.stage
    guard.giveUp(replicaId).then(
      (answer) => trace.say('person', `gives up the journal of ${replicaId}: ${answer ?? 'nobody waits for it'}`),
      () => trace.say('person', `could not give up the journal of ${replicaId}`),
    )
  }
}
