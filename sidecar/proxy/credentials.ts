import type { ExchangeAnswer, ExchangeRequest } from '../../contract/exchange.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { readCredential, writeCredential } from '../credential-file.ts'
import { exchange, isRefusal, newWalk } from '../exchange.ts'
import { LedgerUnreachable } from '../ledger-link.ts'
import type { SidecarEffects } from './effects.ts'

const SHORTEST_RENEWAL_MS = 1_000
const RETRY_RENEWAL_MS = 5_000
/** Spread of the renewals of many Pods that started together, a share of the waiting time either way. */
const JITTER = 0.1

export interface CredentialPlaces {
  readonly tokenFile: string
  readonly stateDir: string
}

/** The Pod credential: read from the issuer's file, then renewed at about half its life. */
export class Credentials {
  readonly #effects: SidecarEffects
  readonly #places: CredentialPlaces
  readonly #onExchange: (answer: ExchangeAnswer | Refusal) => void
  #current: ExchangeAnswer
  #renewing: Promise<boolean> | null = null
  #cancelRenewal: () => void = () => {}

  constructor(
    effects: SidecarEffects,
    places: CredentialPlaces,
    start: { first: ExchangeAnswer; onExchange: (answer: ExchangeAnswer | Refusal) => void },
  ) {
    this.#effects = effects
    this.#places = places
    this.#current = start.first
    this.#onExchange = start.onExchange
    this.#scheduleRenewal()
  }

  get current(): ExchangeAnswer {
    return this.#current
  }

  /** Renews now, unless a renewal is under way. False when the old credential stays: it then serves until it expires. */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  /** A new walk of the app through its work. Throws `LedgerUnreachable`. */
  async begin(): Promise<Refusal | null> {
    return this.#exchange({ purpose: 'begin', walk: newWalk(this.#effects.random) })
  }

  stop(): void {
    this.#cancelRenewal()
  }

  async #renew(): Promise<boolean> {
    const { log } = this.#effects
    try {
      const refused = await this.#exchange({ purpose: 'renew' })
      if (refused === null) return true
      log.warn({ code: refused.code }, 'the credential was not renewed; the old one serves until it expires')
    } catch (fault) {
      if (!(fault instanceof LedgerUnreachable)) log.error({ err: fault }, 'renewal failed')
      else log.warn({ reason: fault.message }, 'the credential could not be renewed yet')
    }
    this.#schedule(RETRY_RENEWAL_MS)
    return false
  }

  async #exchange(asked: ExchangeRequest): Promise<Refusal | null> {
    const { ledger, files, log } = this.#effects
    const answer = await exchange({ ledger, files, tokenFile: this.#places.tokenFile }, asked)
    this.#onExchange(answer)
    if (isRefusal(answer)) return answer
    this.#current = answer
    this.#scheduleRenewal()
    try {
      // For a sidecar that starts again in this Pod.
      await writeCredential(files, this.#places.stateDir, answer)
    } catch (fault) {
      log.warn({ err: fault }, 'the credential file could not be replaced')
    }
    return null
  }

  #scheduleRenewal(): void {
    const leftMs = this.#current.expiresAtMs - this.#effects.clock.nowMs()
    const share = 0.5 * (1 + JITTER * ((this.#effects.random.bytes(1)[0] ?? 0) / 127.5 - 1))
    this.#schedule(Math.max(leftMs * share, SHORTEST_RENEWAL_MS))
  }

  #schedule(delayMs: number): void {
    this.#cancelRenewal()
    this.#cancelRenewal = this.#effects.timers.after(delayMs, () => void this.renew())
  }
}

/** Waits until the issuer's file is there. */
export async function awaitCredential(effects: SidecarEffects, stateDir: string): Promise<ExchangeAnswer> {
  for (let hasSaid = false; ; hasSaid = true) {
    const answer = await readCredential(effects.files, stateDir)
    if (answer !== undefined) return answer
    if (!hasSaid) effects.log.warn('there is no credential file yet; calls wait for it')
    await effects.timers.sleep(200)
  }
}
