import type { HistoryId } from '../../contract/ids.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import { StoreFault } from '../store.ts'
import { type Connection, isWorthAsking, type Reply } from './connection.ts'
import type { Install } from './install.ts'
import { policyKeys, runKey } from './layout.ts'
import type { Place } from './places.ts'
import type { Script, ScriptValue } from './script.ts'

/** The doors of the engine. */
export interface StoreDoors {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly log: Log
}

/** A lost answer is asked for again this long; the step knows itself by its nonce, so it is done once. */
const ASK_AGAIN_MS = 5_000
const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 400

/** The store itself says whether a step is asked for again. */
type ArgumentsOf<Arg extends string> = Readonly<Record<Exclude<Arg, 'isRepeated'>, ScriptValue>>

interface Step<Arg extends string, Given> {
  readonly script: Script<Arg>
  readonly args: Given
}

/** Runs scripts under the history that this process believes in, and notices when it is no longer Redis'. */
export class Steps {
  readonly #connection: Connection
  readonly #doors: StoreDoors
  #install: Install
  #problem: string | undefined
  #doubted: (why: string) => void = () => undefined

  constructor(connection: Connection, doors: StoreDoors, install: Install) {
    this.#connection = connection
    this.#doors = doors
    this.#install = install
  }

  get install(): Install {
    return this.#install
  }

  get historyId(): HistoryId {
    return this.#install.historyId
  }

  get connection(): Connection {
    return this.#connection
  }

  get random(): Random {
    return this.#doors.random
  }

  /** This machine's clock, for a guess that a script judges by Redis'. */
  wallMs(): number {
    return this.#doors.clock.nowMs()
  }

  adopt(historyId: HistoryId): void {
    this.#install = { ...this.#install, historyId }
    this.#problem = undefined
  }

  /** A step was told of another history. */
  onDoubt(doubted: (why: string) => void): void {
    this.#doubted = doubted
  }

  problem(): string | undefined {
    return this.#problem
  }

  /** Once. For steps that would be done twice if they were asked for twice. */
  async once<Arg extends string>(
    script: Script<Arg>,
    place: Place,
    args: Readonly<Record<Arg, ScriptValue>>,
  ): Promise<Reply> {
    const { policyName, runTag } = place
    const names = { ...policyKeys(policyName), run: runKey(policyName, runTag) }
    const keys = script.keys.map((key) => names[key])
    try {
      const reply = await this.#connection.run(script, keys, { history: this.#install.historyId, args })
      if (reply[0]?.toString() === 'NEW_HISTORY') throw this.#historyChanged(policyName, reply[1]?.toString() ?? '')
      this.#problem = undefined
      return reply
    } catch (fault) {
      if (fault instanceof StoreFault) this.#problem = fault.message
      throw fault
    }
  }

  /** Asks again for a while where the answer was lost, or Redis is changing its master. */
  asked<Arg extends string>(script: Script<Arg>, place: Place, args: ArgumentsOf<Arg>): Promise<Reply> {
    return this.#again((isRepeated) => this.#asking(script, place, { args, isRepeated }))
  }

  /** First by a script that decides only the plainest case; by the whole one where it is another, or a reply was lost. */
  quickly<Quick extends string, Arg extends string>(
    place: Place,
    quick: Step<Quick, Readonly<Record<Quick, ScriptValue>>>,
    whole: Step<Arg, ArgumentsOf<Arg>>,
  ): Promise<Reply> {
    return this.#again(async (isRepeated) => {
      if (!isRepeated) {
        const reply = await this.once(quick.script, place, quick.args)
        if (reply[0]?.toString() !== 'WHOLE') return reply
      }
      return this.#asking(whole.script, place, { args: whole.args, isRepeated })
    })
  }

  #asking<Arg extends string>(
    script: Script<Arg>,
    place: Place,
    { args, isRepeated }: { readonly args: ArgumentsOf<Arg>; readonly isRepeated: boolean },
  ): Promise<Reply> {
    return this.once(script, place, { ...args, isRepeated } as Record<Arg, ScriptValue>)
  }

  async #again(ask: (isRepeated: boolean) => Promise<Reply>): Promise<Reply> {
    const { clock, timers } = this.#doors
    const untilMs = clock.monotonicMs() + ASK_AGAIN_MS
    for (let tries = 0; ; tries += 1) {
      try {
        return await ask(tries > 0)
      } catch (fault) {
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS)
        if (!isWorthAsking(fault) || clock.monotonicMs() + pauseMs > untilMs) throw fault
        await timers.sleep(pauseMs)
      }
    }
  }

  #historyChanged(policyName: string, now: string): StoreFault {
    this.#doubted('a step met another history')
    const { name } = this.#connection
    return new StoreFault(
      now === ''
        ? `${name} has no data of policy ${policyName} any more, so nothing is admitted: put its data back`
        : `${name} has another history (${now}) than this ledger (${this.#install.historyId}): it may have lost something`,
    )
  }
}
