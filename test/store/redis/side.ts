import type { Nonce } from '../../../contract/ids.ts'
import type * as S from '../../../store/store.ts'
import type { Stage } from '../stage.ts'

/**
 * Numbers of the engine's own; and a count for people, which the scripts carry along: of a purchase that was put aside
 * they still count the effect.
 */
const IGNORED = new Set(['leaseBoot', 'createdOrder', 'effectsNoPodSaw'])

export type Op = (side: Side) => Promise<unknown>

/** One of the two engines: its stage, and its ids of calls in the order in which they were met. */
export class Side {
  readonly stage: Stage
  readonly #labels = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  constructor(stage: Stage) {
    this.stage = stage
  }

  idOf(label: string): S.CallRow['callId'] {
    return (this.#ids.get(label) ?? 'call_none') as S.CallRow['callId']
  }

  ref({ label, ...ref }: Ref): S.SendRef {
    return { ...ref, callId: this.idOf(label) }
  }

  /** What must be the same on both: ids by their order, leases from now on, no engine's own numbers. */
  plain(value: unknown): unknown {
    if (Buffer.isBuffer(value)) return value.toString('base64')
    if (typeof value === 'string') return value.replaceAll(/call_[0-9a-f]{24,}/g, (id) => this.#labelOf(id))
    if (Array.isArray(value)) return value.map((each) => this.plain(each))
    if (typeof value !== 'object' || value === null) return value
    const row = value as Record<string, unknown>
    const fields = Object.keys(row)
      .sort()
      .filter((name) => !IGNORED.has(name))
    return Object.fromEntries(
      fields.map((name) => [name, name === 'leaseUntilMs' ? this.#lease(row) : this.plain(row[name])]),
    )
  }

  #lease({ state, isRead, leaseBoot, leaseUntilMs }: Record<string, unknown>): number | null {
    if ((state !== 'reserved' && state !== 'sent') || isRead === true) return null
    const { passedMs, wallMs } = this.stage.clock
    return Number(leaseUntilMs) - (leaseBoot === 'redis' ? wallMs : passedMs)
  }

  #labelOf(id: string): string {
    const known = this.#labels.get(id)
    if (known !== undefined) return known
    const label = `call-${this.#labels.size + 1}`
    this.#labels.set(id, label)
    this.#ids.set(label, id)
    return label
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
