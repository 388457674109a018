import type { SeenReport } from '../../contract/call.ts'
import { decodeNote } from '../../contract/claims-header.ts'
import { NOTE_HEADER } from '../../contract/headers.ts'
import type { HistoryId } from '../../contract/ids.ts'
import { SEEN_ROUTE } from '../../contract/routes.ts'
import { parseRefusal } from '../exchange.ts'
import { LedgerUnreachable, readBody } from '../ledger-link.ts'
import type { Credentials } from './credentials.ts'
import type { SidecarEffects } from './effects.ts'
import type { KeptFact, SeenFacts } from './seen-facts.ts'

/** About 150 bytes a fact: a report stays below 100 KiB. */
const FACTS_A_REPORT = 500
/** Facts wait this long for a call of the same K that would carry them. */
const GO_BY_THEMSELVES_AFTER_MS = 1_000
const RETRY_MS = 3_000

/** `POST /seen`: facts that no call carries. */
export class SeenReports {
  readonly #effects: SidecarEffects
  readonly #credentials: Credentials
  readonly #facts: SeenFacts
  #cancel: (() => void) | null = null

  constructor(effects: SidecarEffects, pod: { credentials: Credentials; facts: SeenFacts }) {
    this.#effects = effects
    this.#credentials = pod.credentials
    this.#facts = pod.facts
  }

  /** Facts go out by themselves soon, unless calls have carried them by then. */
  schedule(delayMs = GO_BY_THEMSELVES_AFTER_MS): void {
    this.#cancel ??= this.#effects.timers.after(delayMs, () => {
      this.#cancel = null
      void this.#tryHandIn()
    })
  }

  /** Resolves when the ledger has confirmed all facts of one K, or of the Pod. Throws `LedgerUnreachable`. */
  async handIn(lane?: string): Promise<void> {
    let hasRenewed = false
    for (;;) {
      const some = this.#facts.some(FACTS_A_REPORT, lane)
      if (some.length === 0) return
      if (await this.#report(some)) continue
      // In a Pod that stood still for long nothing else may ask for a newer one in time.
      if (hasRenewed || (await this.#credentials.renew()).kind !== 'renewed')
        throw new LedgerUnreachable('the credential has expired, and is not renewed')
      hasRenewed = true
    }
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  async #tryHandIn(): Promise<void> {
    try {
      await this.handIn()
    } catch (fault) {
      this.#effects.log.warn({ reason: String(fault) }, 'what the apps have read could not be handed in yet')
      this.schedule(RETRY_MS)
    }
  }

  /** False: under a credential that has expired nothing is taken. */
  async #report(some: readonly KeptFact[]): Promise<boolean> {
    const report: SeenReport = { historyId: this.#facts.historyId, seen: some.map(({ fact }) => fact) }
    const answer = await this.#effects.ledger.ask({
      method: 'POST',
      path: SEEN_ROUTE,
      headers: {
        authorization: `Bearer ${this.#credentials.current.credential}`,
        'content-type': 'application/json',
      },
      body: Buffer.from(JSON.stringify(report)),
    })
    const text = (await readBody(answer)).toString()
    if (answer.status === 200) {
      const { historyId } = JSON.parse(text) as { historyId: HistoryId }
      if (await this.#facts.learnHistory(historyId)) return true
      for (const [lane, kept] of Map.groupBy(some, (one) => one.lane)) {
        this.#facts.confirm(
          kept.map(({ fact }) => fact),
          lane,
          report.historyId,
        )
      }
      return true
    }
    if (parseRefusal(text)?.code === 'credential_expired') return false
    const note = decodeNote(String(answer.headers[NOTE_HEADER] ?? ''))
    if (note?.control === 'new_history' && (await this.#facts.learnHistory(note.historyId))) return true
    throw new LedgerUnreachable(`POST ${SEEN_ROUTE} was answered with status ${answer.status}`)
  }
}
