import { EXIT_LEDGER_UNREACHABLE, EXIT_POD_REFUSED, EXIT_RUN_REFUSED } from '../../contract/exit-codes.ts'
import type { WalkId } from '../../contract/ids.ts'
import { REFUSALS, type Refusal, type RefusalEntry } from '../../contract/refusals.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import { writeCredential } from '../credential-file.ts'
import { exchange, isRefusal, newWalk } from '../exchange.ts'
import type { SidecarFiles } from '../files.ts'
import { type LedgerLink, LedgerUnreachable } from '../ledger-link.ts'
import type { IssuerConfig } from './config.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000

export interface IssuerEffects {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: SidecarFiles
  readonly ledger: LedgerLink
  readonly log: Log
}

/**
 * Pod token to credential file, once. Resolves to the exit code: 0, or 93 (the whole run is refused), 77 (this Pod is),
 * 75 (no ledger within the deadline). May be run again: the file is then replaced.
 */
export async function issue(effects: IssuerEffects, config: IssuerConfig): Promise<number> {
  const { clock, timers, random, files, log } = effects
  const walk = newWalk(random)
  const giveUpAtMs = clock.monotonicMs() + config.deadlineMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const answer = await ask(effects, config.tokenFile, walk)
    if (answer !== undefined && !isRefusal(answer)) {
      await writeCredential(files, config.stateDir, answer)
      log.info(
        { runUid: answer.runUid, podUid: answer.podUid, index: answer.index, life: answer.life },
        'credential issued',
      )
      return 0
    }
    if (answer !== undefined && !REFUSALS[answer.code].isRetryable) return refused(effects, config, answer)
    if (clock.monotonicMs() + waitMs > giveUpAtMs) {
      log.error({ deadlineMs: config.deadlineMs }, 'no credential within the deadline')
      return EXIT_LEDGER_UNREACHABLE
    }
    await timers.sleep(waitMs)
  }
}

async function ask({ ledger, files, log }: IssuerEffects, tokenFile: string, walk: WalkId) {
  try {
    const answer = await exchange({ ledger, files, tokenFile }, { purpose: 'issue', walk })
    if (isRefusal(answer)) log.warn({ code: answer.code }, answer.message)
    return answer
  } catch (fault) {
    if (!(fault instanceof LedgerUnreachable)) throw fault
    log.warn({ reason: fault.message }, 'the ledger is not reachable yet')
    return undefined
  }
}

async function refused(
  { files, log }: IssuerEffects,
  config: IssuerConfig,
  { code, message }: Refusal,
): Promise<number> {
  try {
    await files.overwrite(config.terminationLog, JSON.stringify({ reason: code, message }))
  } catch (fault) {
    log.warn({ err: fault }, 'the termination message could not be written')
  }
  const entry: RefusalEntry = REFUSALS[code]
  return entry.endsRun ? EXIT_RUN_REFUSED : EXIT_POD_REFUSED
}
