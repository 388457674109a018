import type { Fault } from '../../fake-vendors/faults.ts'
import type { Match } from '../../fake-vendors/match.ts'
import type { TruthCall } from '../../fake-vendors/truth.ts'

export type Language = 'node' | 'python'

/** A way of pointing an SDK at the proxy: by path prefix, by host name, by a port of the vendor's own, by environment. */
export type Way = 'prefix' | 'host' | 'port' | 'environment'

/** One official SDK at one version, installed from a lock of its own. */
export interface Sdk {
  /** As its makers call it: `stripe-node`. */
  readonly name: string
  readonly language: Language
  /** Exactly what the lock in `folder` says. */
  readonly version: string
  /** Below the vendor's folder: package.json and package-lock.json, or requirements.txt. */
  readonly folder: string
  /** Each way that its makers document, and the line of the app for a proxy on `localhost:8080`. The first is used where a case names none. */
  readonly pointing: Readonly<Partial<Record<Way, string>>>
}

/** All that `make sdks` must know of one vendor. */
export interface VendorSdks {
  /** Name in the policy, and the stand-in's: `fake-vendors/<vendor>/main.ts`. */
  readonly vendor: string
  /** What the stand-in accepts and only the ledger has. */
  readonly secret: string
  /** The vendor's entry in the policy, YAML without indentation. */
  policy(vendorUrl: string): string
  /** Further lines of the policy's `spec`, YAML without indentation. */
  readonly spec?: string
  /**
   * Micro-dollars that one effect costs by its line in the truth file, worked out apart from the product. For vendors that
   * take no key and whose record names no object: there effects and settlements are told apart by what they cost.
   */
  priceUsdMicros?(effect: TruthCall): number
  /** Environment of the app where an SDK is pointed by it. `port`: where the sidecar listens. */
  environment?(port: number): Readonly<Record<string, string>>
  /** One program a language, which knows the calls that cases name. */
  readonly programs: Readonly<Record<Language, string>>
  readonly sdks: readonly Sdk[]
  readonly cases: readonly SdkCase[]
}

/** One case, declared once and run with every SDK of its vendor. */
export interface SdkCase {
  /** Short name for the command line: `spent-cap`. */
  readonly id: string
  /** What is promised. */
  readonly title: string
  /** Default: every SDK of the vendor. */
  readonly only?: (sdk: Sdk) => boolean
  /** Default: the SDK's first way. */
  readonly way?: Way
  /** Of the Job. Default 500.00. */
  readonly capUsd?: string
  readonly faults?: readonly FaultToSet[]
  readonly steps: readonly Step[]
  readonly truth: Truth
  /** In the docs: when the app sees what it sees at the last step that fails. */
  readonly shows?: string
}

export interface FaultToSet {
  readonly fault: Fault
  readonly match?: Match
  /** Default 1; null: without end. */
  readonly times?: number | null
}

export type Step = Call | Act

/** A call of the program, by the SDK. */
export interface Call {
  readonly call: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly sees: See
}

export type Act =
  /** The program is in the middle of this call, its effect has happened, and the whole Pod dies. The next step runs in the replacement. */
  | { readonly dies: Omit<Call, 'sees'> }
  | { readonly act: 'revoke' | 'clear_faults' | 'new_pod' | 'kill_ledger' }
  | { readonly fault: FaultToSet }

/** What a step came to, as the app saw it. */
export type Told =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: SdkError }

export interface SdkError {
  readonly class: string
  readonly code: string | null
  readonly status: number | null
  readonly message: string
}

/** A sentence that says what is wrong; undefined when it is what was promised. `before`: what the earlier calls came to. */
export type See = (told: Told, where: { readonly sdk: Sdk; readonly before: readonly Told[] }) => string | undefined

/** What must have happened when all is over. */
export interface Truth {
  /** At the vendor. */
  readonly effects: number
  /** Money that really moved, summed over the effects, minor units. Default: not looked at. */
  readonly movedMinor?: number
  /** On the run's account. Null where a bound is part of it, which follows from each SDK's own bytes: then only the record says. */
  readonly spentUsd: string | null
  /** Purchases whose answer was lost, settled at all that was reserved. Only with `priceUsdMicros`. Default none. */
  readonly lost?: number
  /** Still reserved. Default 0.00. */
  readonly heldUsd?: string
  /** Refusals of ours on the record, by code. Default none: so it shows when an SDK repeats a refused call. */
  readonly refusals?: Readonly<Record<string, number>>
  /** Requests that reached the vendor, reads and repeats included. Default: not looked at. */
  readonly vendorCalls?: number
}
