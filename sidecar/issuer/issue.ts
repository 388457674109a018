import type { ExchangeRequest } from '../../contract/exchange.ts'
import { EXIT_POD_REFUSED, EXIT_RUN_REFUSED, EXIT_UNREACHABLE } from '../../contract/exit-codes.ts'
import { REFUSALS, type Refusal, type RefusalEntry } from '../../contract/refusals.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/log.ts'
import type { Random } from '../../runtime/random.ts'
import type { Timers } from '../../runtime/timers.ts'
import { readCredential, writeCredential } from '../credential-file.ts'
import { exchange, isRefusal, newWalk } from '../exchange.ts'
import type { SidecarFiles } from '../files.ts'
import { type LedgerLink, LedgerUnreachable } from '../ledger-link.ts'
import type { IssuerConfig } from './config.ts'
import type { TellProxy } from './tell-proxy.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
/** A proxy that does not listen yet. */
const TELL_EVERY_MS = 20
/** From the credential on. A proxy that has its port listens within seconds; one that waits for its port may wait for good. */
const PROXY_WITHIN_MS = 60_000

export interface IssuerEffects {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly files: SidecarFiles
  readonly ledger: LedgerLink
  readonly tellProxy: TellProxy
  readonly log: Log
}

/**
 * Pod token to credential file, once; the proxy works with it before this ends. Resolves to the exit code: 0, or 93 (the
 * whole run is refused), 77 (this Pod is), 75 (no ledger, or then no proxy, in time). May be run again: the proxy then takes
 * the newer one.
 */
export async function issue(effects: IssuerEffects, config: IssuerConfig): Promise<number> {
  const { clock, timers, random, files, log } = effects
  const walk = newWalk(random)
  // The Pod is set up anew.
  const earlier = await readCredential(files, config.stateDir)
  const giveUpAtMs = clock.monotonicMs() + config.deadlineMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const answer = await ask(effects, config.tokenFile, {
      purpose: 'issue',
      walk,
      ...(earlier && { life: earlier.answer.life }),
    })
    if (!(answer instanceof LedgerUnreachable) && !isRefusal(answer)) {
      await writeCredential(files, config.stateDir, { kept: { issuedIn: walk, answer }, as: 'issued' })
      log.info(
        { runUid: answer.runUid, podUid: answer.podUid, index: answer.index, life: answer.life },
        'credential issued',
      )
      return handOver(effects, config)
    }
    if (isRefusal(answer) && !REFUSALS[answer.code].isRetryable) return refused(effects, config, answer)
    if (clock.monotonicMs() + waitMs > giveUpAtMs) {
      const message = `The ledger gave this Pod no credential within ${config.deadlineMs / 1000} s, so the app was not started: ${answer.message}`
      log.error(message)
      await leaveMessage(effects, config, { ...(isRefusal(answer) && { reason: answer.code }), message })
      return EXIT_UNREACHABLE
    }
    await timers.sleep(waitMs)
  }
}

/** The app's containers start when this one ends, so by then the proxy listens, and with this credential. */
async function handOver(effects: IssuerEffects, config: IssuerConfig): Promise<number> {
  const { clock, timers, tellProxy, log } = effects
  const withinMs = Math.min(config.deadlineMs, PROXY_WITHIN_MS)
  const giveUpAtMs = clock.monotonicMs() + withinMs
  for (;;) {
    const status = await tellProxy()
    if (status === 200) return 0
    if (status !== undefined || clock.monotonicMs() + TELL_EVERY_MS > giveUpAtMs) {
      const message = whyNotTaken({ port: config.port, status, withinMs })
      log.error({ status }, message)
      await leaveMessage(effects, config, { message })
      return EXIT_UNREACHABLE
    }
    await timers.sleep(TELL_EVERY_MS)
  }
}

function whyNotTaken(told: { port: number; status: number | undefined; withinMs: number }): string {
  const { port, status, withinMs } = told
  const what =
    status === undefined
      ? `No proxy answered on port ${port} of this Pod within ${withinMs / 1000} s.`
      : `What listens on port ${port} of this Pod answered ${status}, and did not take the credential.`
  return `${what} If the log of jobcap-proxy says that the port is taken, let the container that listens there use another port; else that log says what is wrong.`
}

async function ask({ ledger, files, log }: IssuerEffects, tokenFile: string, asked: ExchangeRequest) {
  try {
    const answer = await exchange({ ledger, files, tokenFile }, asked)
    if (isRefusal(answer)) log.warn({ code: answer.code }, answer.message)
    return answer
  } catch (fault) {
    if (!(fault instanceof LedgerUnreachable)) throw fault
    log.warn({ reason: fault.message }, 'the ledger is not reachable yet')
    return fault
  }
}

async function refused(effects: IssuerEffects, config: IssuerConfig, { code, message }: Refusal): Promise<number> {
  await leaveMessage(effects, config, { reason: code, message })
  const entry: RefusalEntry = REFUSALS[code]
  return entry.endsRun ? EXIT_RUN_REFUSED : EXIT_POD_REFUSED
}

async function leaveMessage(
  { files, log }: IssuerEffects,
  { terminationLog }: IssuerConfig,
  told: { readonly reason?: string; readonly message: string },
): Promise<void> {
  try {
    await files.overwrite(terminationLog, JSON.stringify(told))
  } catch (fault) {
    log.warn({ err: fault }, 'the termination message could not be written')
  }
}
