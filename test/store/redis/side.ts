import type { Nonce } from '../../../contract/ids.ts'
import type * as S from '../../../store/store.ts'
import type { Stage } from '../stage.ts'

/**
 * Numbers of the engine's own; and a count for people, which the scripts carry along: of a purchase that was put aside
 * they still count the effect.
 */
const IGNORED = new Set(['leaseBoot', 'createdOrder', 'effectsNoPodSaw'])

export type Op = (side: Side) => Promise<unknown>

/** What two engines say in words that they have in common: ids of calls by the order in which they were met, leases from now on. */
export class Words {
  readonly #leaseNowMs: (boot: unknown) => number
  readonly #ignored: readonly string[]
  readonly #labels = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  /** `leaseNowMs`: what the clock shows on which the leases of that boot run. */
  constructor(leaseNowMs: (boot: unknown) => number, ignored: readonly string[] = []) {
    this.#leaseNowMs = leaseNowMs
    this.#ignored = ignored
  }

  idOf(label: string): S.CallRow['callId'] | undefined {
    return this.#ids.get(label) as S.CallRow['callId'] | undefined
  }

  labelOf(id: string): string {
    const known = this.#labels.get(id)
    if (known !== undefined) return known
    const label = `call-${this.#labels.size + 1}`
    this.#labels.set(id, label)
    this.#ids.set(label, id)
    return label
  }

  /** Without an engine's own numbers. */
  plain(value: unknown): unknown {
    if (Buffer.isBuffer(value)) return value.toString('base64')
    if (typeof value === 'string') return value.replaceAll(/call_[0-9a-f]{24,}/g, (id) => this.labelOf(id))
    if (Array.isArray(value)) return value.map((each) => this.plain(each))
    if (typeof value !== 'object' || value === null) return value
    const row = value as Record<string, unknown>
    const fields = Object.keys(row)
      .sort()
      .filter((name) => !IGNORED.has(name) && !this.#ignored.includes(name))
    return Object.fromEntries(
      fields.map((name) => [name, name === 'leaseUntilMs' ? this.#lease(row) : this.plain(row[name])]),
    )
  }

  #lease({ state, isRead, leaseBoot, leaseUntilMs }: Record<string, unknown>): number | null {
    if ((state !== 'reserved' && state !== 'sent') || isRead === true) return null
    return Number(leaseUntilMs) - this.#leaseNowMs(leaseBoot)
  }
}

/** One of the two engines, and its stage. */
export class Side {
  readonly stage: Stage
  readonly #words: Words

  constructor(stage: Stage) {
    this.stage = stage
    this.#words = new Words((boot) => (boot === 'redis' ? stage.clock.wallMs : stage.clock.passedMs))
  }

  idOf(label: string): S.CallRow['callId'] {
    return this.#words.idOf(label) ?? ('call_none' as S.CallRow['callId'])
  }

  ref({ label, ...ref }: Ref): S.SendRef {
    return { ...ref, callId: this.idOf(label) }
  }

  plain(value: unknown): unknown {
    return this.#words.plain(value)
  }
}

export interface Ref {
  readonly label: string
  readonly epoch: number
  readonly gen: number
  readonly nonce: Nonce
}

/** The first place where two plain values differ. */
export function difference(rules: unknown, scripts: unknown, at = 'it'): string {
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
  if (!isTree(rules) || !isTree(scripts)) {
    return rules === scripts
      ? ''
      : `${at}: the rules say ${JSON.stringify(rules)}, the scripts ${JSON.stringify(scripts)}`
  }
  const names = [...new Set([...Object.keys(rules), ...Object.keys(scripts)])]
  return names.map((name) => difference(rules[name], scripts[name], `${at}.${name}`)).find((told) => told !== '') ?? ''
}
