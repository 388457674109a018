import type { Fault, FaultRule } from './faults.ts'
import type { HeldCall, HoldRule, Release } from './holds.ts'
import type { Match } from './match.ts'
import type { TruthLine, TruthMark } from './truth.ts'

export interface VendorStats {
  vendor: string
  seq: number
  calls: Record<'effect' | 'declined' | 'read' | 'replay' | 'refused', number>
  held: number
}

/** The control port as functions, for tests and the demo. Every one rejects when the port answers with an error. */
export interface VendorControl {
  /** `times` default 1, null is without end; `skip` default 0. */
  addFault(rule: { fault: Fault; match?: Match; times?: number | null; skip?: number }): Promise<FaultRule>
  clearFaults(): Promise<void>
  /** `count` default 1, null is without end. Holds effects only, unless the match names `kinds`. */
  hold(rule?: { match?: Match; count?: number | null; keyBusy?: boolean }): Promise<HoldRule>
  /** Resolves when a call is being held that nobody was told about yet. */
  nextHeld(signal?: AbortSignal): Promise<HeldCall>
  held(): Promise<HeldCall[]>
  release(heldId: string, how?: Release): Promise<void>
  /** Drops all rules and lets every held call go. */
  clearHolds(how?: Release): Promise<void>
  mark(label: string): Promise<TruthMark>
  /** Moves the vendor's clock forward: idempotency keys expire by it. */
  advanceClock(advanceMs: number): Promise<void>
  truth(kind?: TruthLine['kind']): Promise<TruthLine[]>
  /** Resolves when the truth file holds `count` lines of this kind. */
  reached(kind: TruthLine['kind'], count: number): Promise<void>
  stats(): Promise<VendorStats>
}

/** `controlUrl`: the `control` of the line that a stand-in prints when it is ready. */
export function vendorControl(controlUrl: string): VendorControl {
  async function ask<Reply>(method: string, path: string, sent: { body?: unknown; signal?: AbortSignal } = {}) {
    const response = await fetch(`${controlUrl}${path}`, {
      method,
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      ...(sent.signal === undefined ? {} : { signal: sent.signal }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} at the vendor's control port: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as Reply
  }

  return {
    addFault: (rule) => ask('POST', '/faults', { body: rule }),
    clearFaults: () => ask('DELETE', '/faults'),
    hold: (rule = {}) => ask('POST', '/holds', { body: rule }),
    nextHeld: (signal) => ask('GET', '/holds/next', signal === undefined ? {} : { signal }),
    held: async () => (await ask<{ held: HeldCall[] }>('GET', '/holds')).held,
    release: (heldId, how = 'answer') => ask('POST', `/holds/${heldId}/release`, { body: { how } }),
    clearHolds: (how = 'answer') => ask('DELETE', '/holds', { body: { how } }),
    mark: (label) => ask('POST', '/mark', { body: { label } }),
    advanceClock: (advanceMs) => ask('POST', '/clock', { body: { advanceMs } }),
    truth: async (kind) => {
      const query = kind === undefined ? '' : `?kind=${kind}`
      return (await ask<{ lines: TruthLine[] }>('GET', `/truth${query}`)).lines
    },
    reached: (kind, count) => ask('GET', `/truth/reached?kind=${kind}&count=${count}`),
    stats: () => ask('GET', '/stats'),
  }
}
