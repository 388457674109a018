import type { HistoryId } from '../../contract/ids.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { Doubted } from '../recovery/registry.ts'
import { StoreFault } from '../store.ts'
import { hasStatus } from './answers.ts'
import { type Connection, isWorthAsking, type Reply } from './connection.ts'
import { isOfRoom } from './faults.ts'
import type { Install } from './install.ts'
import { INSTALL_KEY, policyKeys, runKey } from './layout.ts'
import type { Place } from './places.ts'
import type { Script, ScriptValue } from './script.ts'
import { TRY_ROOM } from './scripts/now.ts'

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

/** A reply, and whether the quick script gave it. */
export interface QuickReply {
  readonly reply: Reply
  readonly isQuick: boolean
}

/** Runs scripts under the history that this process believes in, and notices when it is no longer Redis'. */
export class Steps {
  readonly #connection: Connection
  readonly #doors: StoreDoors
  #install: Install
  #problem: string | undefined
  /** Redis was full; only a step that makes it larger shows that it is not any more. */
  #isFull = false
  #doubted: Doubted = () => undefined

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
    this.#isFull = false
  }

  /** A step was told of another history. */
  onDoubt(doubted: Doubted): void {
    this.#doubted = doubted
  }

  problem(): string | undefined {
    return this.#problem
  }

  /**
   * Rejects where Redis does not hold this store under this history, or the next one of its recovery, any more: then what
   * is not found in it may be lost. Somebody can empty it with no connection broken.
   */
  async mustHoldHistory(): Promise<void> {
    const held = await this.#connection.hmget(INSTALL_KEY, ['history', 'next'])
    if (held.includes(this.#install.historyId)) return
    const fault = this.#historyChanged(held[0] ?? '', 'no store of jobcap')
    this.#problem = fault.message
    throw fault
  }

  /** Once. For steps that would be done twice if they were asked for twice. */
  async once<Arg extends string>(
    script: Script<Arg>,
    place: Place,
    args: Readonly<Record<Arg, ScriptValue>>,
  ): Promise<Reply> {
    const { policyName, runTag } = place
    const names = policyKeys(policyName)
    const keys = script.keys.map((key) => (key === 'run' ? runKey(policyName, runTag) : names[key]))
    try {
      const reply = await this.#connection.run(script, keys, { history: this.#install.historyId, args })
      if (hasStatus(reply, 'NEW_HISTORY')) {
        throw this.#historyChanged(reply[1]?.toString() ?? '', `no data of policy ${policyName}`)
      }
      if (script.name === TRY_ROOM.name) this.#isFull = false
      if (!this.#isFull) this.#problem = undefined
      return reply
    } catch (fault) {
      if (fault instanceof StoreFault) {
        this.#isFull ||= isOfRoom(fault)
        this.#problem = fault.message
      }
      throw fault
    }
  }

  /** Where Redis was full: whether it still is. */
  async tryRoom(policyName: string): Promise<void> {
    if (this.#isFull) await this.once(TRY_ROOM, { policyName, runTag: '' }, {})
  }

  /** Asks again for a while where the answer was lost, or Redis is changing its master. */
  async asked<Arg extends string>(script: Script<Arg>, place: Place, args: ArgumentsOf<Arg>): Promise<Reply> {
    const askedAtMs = this.#doors.clock.monotonicMs()
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.once(script, place, { ...args, isRepeated: tries > 1 } as Record<Arg, ScriptValue>)
      } catch (fault) {
        await this.#pauseAfter(fault, { tries, askedAtMs })
      }
    }
  }

  /**
   * First by a script that decides only the plainest case; by the whole one where it is another, or a reply was lost. What
   * the whole one is told is made only then.
   */
  async quickly<Quick extends string, Arg extends string>(
    place: Place,
    quick: Step<Quick, Readonly<Record<Quick, ScriptValue>>>,
    whole: Step<Arg, () => ArgumentsOf<Arg>>,
  ): Promise<QuickReply> {
    const askedAtMs = this.#doors.clock.monotonicMs()
    for (let tries = 1; ; tries += 1) {
      try {
        if (tries === 1) {
          const reply = await this.once(quick.script, place, quick.args)
          if (!hasStatus(reply, 'WHOLE')) return { reply, isQuick: true }
        }
        const args = { ...whole.args(), isRepeated: tries > 1 } as Record<Arg, ScriptValue>
        return { reply: await this.once(whole.script, place, args), isQuick: false }
      } catch (fault) {
        await this.#pauseAfter(fault, { tries, askedAtMs })
      }
    }
  }

  /** Throws what a second asking would not cure, or when there was enough of it. */
  async #pauseAfter(
    fault: unknown,
    { tries, askedAtMs }: { readonly tries: number; readonly askedAtMs: number },
  ): Promise<void> {
    const { clock, timers } = this.#doors
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS)
    if (!isWorthAsking(fault) || clock.monotonicMs() + pauseMs > askedAtMs + ASK_AGAIN_MS) throw fault
    await timers.sleep(pauseMs)
  }

  /** `without`: what is said where there is no history `now`. */
  #historyChanged(now: string, without: string): StoreFault {
    this.#doubted('a step met another history', 'another_history')
    const { name } = this.#connection
    return new StoreFault(
      now === ''
        ? `${name} has ${without} any more, so nothing is admitted: put its data back`
        : `${name} has another history (${now}) than this ledger (${this.#install.historyId}): it may have lost something`,
    )
  }
}
