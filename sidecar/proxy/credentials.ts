import type { ExchangeAnswer, ExchangeRequest } from '../../contract/exchange.ts'
import type { Refusal } from '../../contract/refusals.ts'
import { type KeptCredential, readCredential, readIssued, writeCredential } from '../credential-file.ts'
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

/** What asking for a newer credential came to; refused and unreachable leave the old one, which serves until it expires. */
export type Renewal =
  | { readonly kind: 'renewed' }
  | { readonly kind: 'refused'; readonly refused: Refusal }
  | { readonly kind: 'unreachable' }

/** The Pod credential: the issuer's, renewed at about half its life. */
export class Credentials {
  readonly #effects: SidecarEffects
  readonly #places: CredentialPlaces
  readonly #onExchange: (answer: ExchangeAnswer | Refusal) => void
  #kept: KeptCredential
  #renewing: Promise<Renewal> | null = null
  #cancelRenewal: () => void = () => {}

  constructor(
    effects: SidecarEffects,
    places: CredentialPlaces,
    start: { first: KeptCredential; onExchange: (answer: ExchangeAnswer | Refusal) => void },
  ) {
    this.#effects = effects
    this.#places = places
    this.#kept = start.first
    this.#onExchange = start.onExchange
    this.#scheduleRenewal()
  }

  get current(): ExchangeAnswer {
    return this.#kept.answer
  }

  /** The issuer has run again, in a Pod that is set up anew: from now on its credential, and its life. */
  async takeIssued(): Promise<void> {
    const issued = await readIssued(this.#effects.files, this.#places.stateDir)
    if (issued === undefined || issued.issuedIn === this.#kept.issuedIn) return
    this.#kept = issued
    this.#onExchange(issued.answer)
    this.#scheduleRenewal()
    this.#effects.log.info({ life: issued.answer.life }, 'a newer credential was issued')
  }

  /** Renews now, unless a renewal is under way. */
  renew(): Promise<Renewal> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  /** A new walk of the app through its work. Throws `LedgerUnreachable`. */
  async begin(): Promise<Refusal | null> {
    return this.#exchange({ purpose: 'begin', walk: newWalk(this.#effects.random), life: this.current.life })
  }

  stop(): void {
    this.#cancelRenewal()
  }

  async #renew(): Promise<Renewal> {
    const { log } = this.#effects
    let renewal: Renewal = { kind: 'unreachable' }
    try {
      const refused = await this.#exchange({ purpose: 'renew', life: this.current.life })
      if (refused === null) return { kind: 'renewed' }
      renewal = { kind: 'refused', refused }
      log.warn({ code: refused.code }, 'the credential was not renewed; the old one serves until it expires')
    } catch (fault) {
      if (!(fault instanceof LedgerUnreachable)) log.error({ err: fault }, 'renewal failed')
      else log.warn({ reason: fault.message }, 'the credential could not be renewed yet')
    }
    this.#schedule(RETRY_RENEWAL_MS)
    return renewal
  }

  async #exchange(asked: ExchangeRequest): Promise<Refusal | null> {
    const { ledger, files, log } = this.#effects
    const { issuedIn } = this.#kept
    const answer = await exchange({ ledger, files, tokenFile: this.#places.tokenFile }, asked)
    this.#onExchange(answer)
    if (isRefusal(answer)) return answer
    // Of the life before: the issuer has run again meanwhile, or a begin was answered first.
    if (issuedIn !== this.#kept.issuedIn || answer.life < this.current.life) return null
    const kept = { issuedIn, answer }
    this.#kept = kept
    this.#scheduleRenewal()
    try {
      // For a sidecar that starts again in this Pod.
      await writeCredential(files, this.#places.stateDir, { kept, as: 'renewed' })
    } catch (fault) {
      log.warn({ err: fault }, 'the credential file could not be replaced')
    }
    return null
  }

  #scheduleRenewal(): void {
    const leftMs = this.current.expiresAtMs - this.#effects.clock.nowMs()
    const share = 0.5 * (1 + JITTER * ((this.#effects.random.bytes(1)[0] ?? 0) / 127.5 - 1))
    this.#schedule(Math.max(leftMs * share, SHORTEST_RENEWAL_MS))
  }

  #schedule(delayMs: number): void {
    this.#cancelRenewal()
    this.#cancelRenewal = this.#effects.timers.after(delayMs, () => void this.renew())
  }
}

/** The issuer starts once the proxy runs, and says when its file is there; a proxy that starts again finds it. */
export class FirstCredential {
  readonly #files: SidecarEffects['files']
  readonly #stateDir: string
  readonly found: Promise<KeptCredential>
  #find: (kept: KeptCredential) => void = () => {}

  constructor({ files }: SidecarEffects, { stateDir }: CredentialPlaces) {
    this.#files = files
    this.#stateDir = stateDir
    this.found = new Promise((resolve) => {
      this.#find = resolve
    })
  }

  /** False when there is none. */
  async look(): Promise<boolean> {
    const kept = await readCredential(this.#files, this.#stateDir)
    if (kept !== undefined) this.#find(kept)
    return kept !== undefined
  }
}
