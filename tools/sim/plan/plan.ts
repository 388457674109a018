/** All that a seed decides beforehand: who does what, and what goes wrong. Plain data, so that a part of it can be left out. */
export interface Plan {
  readonly seed: number
  /** What it was drawn to hurt: for who reads it, nothing goes by it. */
  readonly focus: string
  readonly store: 'sqlite' | 'redis'
  /** Before each ledger's Redis stands the gate that looks at its settings. It costs events, so few seeds have it. */
  readonly hasGate: boolean
  /** Journals let segments go after a few kilobytes. */
  readonly areJournalsSmall: boolean
  /** A ledger process each, by how far its clock is off. */
  readonly ledgerOffsetsMs: readonly number[]
  /** Wall clock at the beginning, milliseconds since the epoch. */
  readonly startMs: number
  readonly policy: PolicyPlan
  /** The first one opens the run, the others continue it, each when the one before it has ended. */
  readonly jobs: readonly JobPlan[]
  /** What the Jobs' Pods take from a work queue instead of having an index each; null: they are Indexed. */
  readonly queue: QueuePlan | null
  /** The Jobs keep `restartPolicy: OnFailure`: what fails is started again in its Pod. */
  readonly keepsRestarts: boolean
  readonly faults: readonly Fault[]
  readonly acts: readonly Act[]
  /** Factor of all delays on the way. */
  readonly slowness: number
  /** Whether this machine's kernel shows receive queues (E3). */
  readonly showsQueues: boolean
}

export interface PolicyPlan {
  readonly perRunUsd: number
  readonly perDayUsd: number | null
  readonly perNamespaceDayUsd: number | null
  readonly stripePerDayUsd: number | null
  readonly divergingReplay: 'refuse' | 'warn' | 'core'
  readonly ambiguousRepeat: 'refuse' | 'fold'
  readonly allowsStripe: boolean
}

export interface JobPlan {
  readonly parallelism: number
  readonly backoffLimit: number
  /** Null: the policy's default. */
  readonly capUsd: number | null
  /** What the app of each index does; of a work queue, what each item asks of whoever takes it. Absent: as in the first Job. */
  readonly programs: readonly (readonly Step[])[]
}

/** A queue beside the cluster, which knows nothing of Pods. */
export interface QueuePlan {
  /** Of the Jobs' spec; mostly null, as admission leaves no other. */
  readonly completions: number | null
  /** An item that nobody has said to be done by then is handed out again, whether its worker lives or not. */
  readonly leaseMs: number
  /** The hand-outs, counted from 1, after which the item is there for another Pod at once. */
  readonly doubles: readonly number[]
  /** A Pod that finds nothing to take waits for what others have taken. */
  readonly waitsForOthers: boolean
}

/** Calls that are made at once; the step ends when all of them have. */
export type Step = { readonly kind: 'calls'; readonly calls: readonly CallPlan[] } | { readonly kind: 'begin' }

export type VendorName = 'stripe' | 'geo' | 'model'

/** The money of a hold is taken, or let go. */
export type HoldAct = 'capture' | 'cancel'

export interface CallPlan {
  readonly vendor: VendorName
  /** Who is charged: what tells contents apart, over indexes too. */
  readonly customer: string
  /** Of a model: the most that its answer can come to, whole dollars. */
  readonly usd: number
  /**
   * `sdk`: a key that the SDK makes for each call. `uuid`: one that the app makes for each call. `misnamed`: one that
   * names what is meant, and another call has too.
   */
  readonly key: 'none' | 'sdk' | 'uuid' | 'named' | 'misnamed'
  /** The body holds the moment of the call, so that a repeat differs. */
  readonly isStamped: boolean
  /** Repeats of the SDK, under the same key. */
  readonly sdkRetries: number
  readonly timeoutMs: number
  /** What the app does when the call fails: end with 1, go on, or make it again, so many times, and then end or go on. */
  readonly onFailure: { readonly again: number; readonly then: 'end' | 'go on' }
  readonly keepsAlive: boolean
  /** What the app calls when the vendor declines this. */
  readonly instead?: CallPlan
  /** The charge only holds its money; with the hold that its answer names the app then makes this call. */
  readonly afterwards?: CallPlan
  /** What the call does with the hold that it is made on. */
  readonly act?: HoldAct
  /** Of a model: its answer comes as a stream. `closesAtDone`: the SDK closes at the word that says its end. */
  readonly stream?: { readonly closesAtDone: boolean; readonly asksForUsage: boolean }
}

/** Of a store's settings, in the words of `store/recovery/durability.ts`. */
export type StoreDemand = 'appendonly' | 'appendfsync' | 'noeviction' | 'master'

export type PartKind = 'app' | 'sidecar' | 'issuer' | 'ledger'

export type Fault =
  /** The part dies at the n-th time that it comes to the place: before what it does there has happened, or just after. */
  | {
      readonly kind: 'crash'
      readonly part: PartKind
      readonly place: string
      readonly when: 'before' | 'after'
      readonly nth: number
      readonly downMs: number
      /** The store restarts with it, without the soft facts of so many milliseconds; null: it stays. */
      readonly storeLosesMs: number | null
    }
  /** The part stands still, as under SIGSTOP. */
  | {
      readonly kind: 'pause'
      readonly part: PartKind
      readonly place: string
      readonly when: 'before' | 'after'
      readonly nth: number
      readonly forMs: number
    }
  | {
      readonly kind: 'link'
      readonly nth: number
      readonly how: 'lose request' | 'lose answer' | 'tear answer' | 'copy' | 'late'
      readonly byMs: number
    }
  | {
      readonly kind: 'vendor'
      readonly nth: number
      readonly how:
        | 'refuse'
        | 'decline'
        | 'too many'
        | 'error, no effect'
        | 'error, effect'
        | 'reset before'
        | 'reset after'
        | 'slow'
      readonly byMs: number
    }
  /** The app has read an answer whole, and its SDK gives up on it all the same, and asks again. */
  | { readonly kind: 'app'; readonly nth: number }
  /** A step of the store fails; or it is taken and its reply is lost; or the store forgets its last writes right after. */
  | {
      readonly kind: 'store fault'
      /** Null: whichever it is. */
      readonly step: string | null
      readonly how: 'fail' | 'lose reply' | 'forget'
      readonly nth: number
      /** What it forgets. */
      readonly byMs: number
    }
  /** A journal's disk takes its time, or has no room for what is appended and takes a part of it. */
  | { readonly kind: 'disk fault'; readonly how: 'full' | 'slow'; readonly nth: number; readonly byMs: number }

/** What people and machines do at a moment. */
export type Act =
  | { readonly kind: 'set cap'; readonly atMs: number; readonly usd: number }
  | { readonly kind: 'set day cap'; readonly atMs: number; readonly usd: number }
  | { readonly kind: 'set policy day cap'; readonly atMs: number; readonly usd: number }
  | { readonly kind: 'revoke'; readonly atMs: number }
  /** The policy allows Stripe's calls no longer. */
  | { readonly kind: 'forbid'; readonly atMs: number }
  | { readonly kind: 'clock'; readonly atMs: number; readonly machine: 'ledger' | 'pods'; readonly byMs: number }
  | { readonly kind: 'kill pod'; readonly atMs: number; readonly index: number }
  /** Its Pod lives on unseen for a while, beside the one that replaces it. */
  | { readonly kind: 'lose node'; readonly atMs: number; readonly index: number; readonly lingersMs: number }
  /** Where restarts are kept: its Pod stays, and all of it starts again with an empty memory volume. */
  | { readonly kind: 'restart node'; readonly atMs: number; readonly index: number; readonly downMs: number }
  | { readonly kind: 'ledger down'; readonly atMs: number; readonly forMs: number }
  /** One of the ledgers is asked to end, ends when it has nothing out, and is started again. */
  | { readonly kind: 'drain'; readonly atMs: number; readonly nth: number; readonly downMs: number }
  /** Redis only: one of the ledgers dies and its disk is gone; it comes back with an empty one, as another replica. */
  | { readonly kind: 'lose journal'; readonly atMs: number; readonly nth: number; readonly downMs: number }
  /** Redis only: a further ledger runs over a copy of the journal of one, from now on. `diesForMs`: that one is gone for so long; null: both run. */
  | { readonly kind: 'copy journal'; readonly atMs: number; readonly nth: number; readonly diesForMs: number | null }
  /** Redis only: a journal is copied; `afterMs` later its ledger dies, and comes back over that copy. */
  | {
      readonly kind: 'old journal'
      readonly atMs: number
      readonly nth: number
      readonly afterMs: number
      readonly downMs: number
    }
  /** Redis only: it is away, and comes back without the soft facts of its last moments. */
  | { readonly kind: 'store restart'; readonly atMs: number; readonly awayMs: number; readonly losesMs: number }
  /** Redis only: a setting is wrong by which it keeps what it acknowledges. A restart without its file loses all since then. */
  | { readonly kind: 'store setting'; readonly atMs: number; readonly demand: StoreDemand; readonly forMs: number }
  /** Redis only: somebody empties it, or it starts with another disk; what it held is put back after a while. */
  | { readonly kind: 'store emptied'; readonly atMs: number; readonly isRestart: boolean; readonly forMs: number }
  /** Redis only: somebody empties it, and puts back a copy that was made so long before; no connection breaks. */
  | { readonly kind: 'store put back'; readonly atMs: number; readonly forMs: number; readonly lacksMs: number }
  /** Redis only: it is emptied, and nothing is put back: after a while a person says that it is to be made anew from the journals. */
  | { readonly kind: 'store made anew'; readonly atMs: number; readonly isRestart: boolean; readonly forMs: number }
  /** Power fails: all of ours is down; what the vendors had begun ends; then so much time passes. */
  | { readonly kind: 'long night'; readonly atMs: number; readonly forMs: number }
