import type { JobUid } from '../contract/ids.ts'
import type { Refusal } from '../contract/refusals.ts'
import type { WorkloadFacts } from '../contract/workload.ts'
import type { Policy } from '../policy/policy.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import type { Timers } from '../runtime/timers.ts'
import type { Store } from '../store/store.ts'
import type { LEDGER_METRICS } from './metrics.ts'
import type { VendorNetwork } from './vendor-client/network.ts'

/** Everything outside that a journey of the ledger touches. `main.ts` makes the real ones. */
export interface LedgerEffects {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly store: Store
  readonly network: VendorNetwork
  readonly workloads: Workloads
  readonly policies: PolicySource
  readonly secrets: VendorSecrets
  readonly metrics: Metrics<typeof LEDGER_METRICS>
  readonly log: Log
}

/** Who a Pod is, as the platform vouches for it. */
export interface Workloads {
  /** Reviews the token, reads its Pod and the Job that controls it. */
  identify(podToken: string): Promise<WorkloadFacts | Refusal>
  /** Whether the Job has surely ended or is gone. False where the platform cannot say: whoever runs it tells. */
  hasJobEnded(job: { readonly namespace: string; readonly name: string; readonly uid: JobUid }): Promise<boolean>
  /** The Pod has ended: its token passes no more. */
  podEnded(podUid: string): Promise<void>
}

/** The policies as they stand now: a change takes effect on the next call. */
export interface PolicySource {
  all(): readonly Policy[]
  named(name: string): Policy | undefined
  /** Why the newest file is not in use; undefined when it is. */
  problem(): string | undefined
}

/** The vendors' real secrets. */
export interface VendorSecrets {
  /** Undefined when there is none. */
  read(ref: SecretRef): Secret | undefined
}

export interface SecretRef {
  readonly name: string
  readonly key: string
}

/** A text that prints as `[secret]` wherever it is printed by mistake. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]'
  }
}
