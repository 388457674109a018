import type { HistoryId } from '../../contract/ids.ts'
import { fewAtOnce } from '../../runtime/few-at-once.ts'
import { policyKeys, runKey } from './layout.ts'
import type { Steps } from './steps.ts'

/** How far a clock that was set back may put a new run before one that is there. */
const MARGIN_MS = 60 * 60 * 1_000

interface Run {
  readonly runTag: string
  readonly openedMs: number
  /** A Job of it has not ended. */
  readonly isLiving: boolean
  /** No Job can join it any more either: it was pruned, or it is a key without a run. */
  readonly isOver: boolean
}

/**
 * Runs of which a Job lives. Nothing in Redis lists them: a list that only newer ledgers keep would lack the runs of an
 * older one beside them. Runs are looked at in the order in which they were opened, and from the first on that is not over.
 */
export class LivingRuns {
  readonly #steps: Steps
  readonly #fromMs = new Map<string, number>()
  #historyId: HistoryId | undefined

  constructor(steps: Steps) {
    this.#steps = steps
  }

  async tagsOf(policyName: string): Promise<readonly string[]> {
    const { historyId, connection } = this.#steps
    // A recovery puts runs back where they were.
    if (this.#historyId !== historyId) this.#fromMs.clear()
    this.#historyId = historyId
    const from = this.#fromMs.get(policyName) ?? '-inf'
    const asked = [policyKeys(policyName).runs, from, '+inf', 'WITHSCORES']
    // Pairs, or flat: by the version of Redis' protocol.
    const found = ((await connection.command('ZRANGEBYSCORE', ...asked)) as (string | string[])[]).flat()
    const tags = found.filter((_, at) => at % 2 === 0)
    const runs = await fewAtOnce([...tags.entries()], ([at, runTag]) =>
      this.#look(policyName, runTag, Number(found[2 * at + 1])),
    )
    const first = runs.find(({ isOver }) => !isOver) ?? runs.at(-1)
    if (first !== undefined && this.#steps.historyId === historyId)
      this.#fromMs.set(policyName, first.openedMs - MARGIN_MS)
    return runs.filter(({ isLiving }) => isLiving).map(({ runTag }) => runTag)
  }

  async #look(policyName: string, runTag: string, openedMs: number): Promise<Run> {
    const fields = ['is_run', 'living', 'retention']
    const [isRun = null, living = null, retention = null] = await this.#steps.connection.hmget(
      runKey(policyName, runTag),
      fields,
    )
    const isLiving = isRun !== null && living !== '0'
    return {
      runTag,
      openedMs,
      isLiving,
      isOver: retention !== null && !isLiving && (isRun === null || retention !== 'kept'),
    }
  }
}
