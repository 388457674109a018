import type { UsdMicros } from '../contract/money.ts'
import type {
  CurrencyTable,
  ModelPrice,
  PriceRule,
  SecretPlace,
  TwilioPrices,
  VendorPricing,
} from '../contract/pricing.ts'
import type { Refusal } from '../contract/refusals.ts'
import type { CallText } from '../contract/vendor.ts'

/** What a call may cost at most, judged from its bytes alone. */
export type Bound = Settleable | AskFirst | Refusal

/** A bound that can be reserved, and against which an answer is settled. */
export type Settleable = Free | Priced

/** Reads, refunds and harmless changes: nothing is reserved. */
export interface Free {
  readonly kind: 'free'
}

export interface Priced {
  readonly kind: 'priced'
  /** All that the object may come to cost; what the run counted for `object` already is taken off before reserving. */
  readonly totalUsdMicros: UsdMicros
  /** The vendor's object that is acted on; null when the call makes one, or when there are no objects. */
  readonly object: string | null
  /** What the tokens of an LLM call cost, so that it is settled at the prices it was reserved at. */
  readonly model?: ModelPrice
  /** What else the answer is counted at; absent where it comes to the bound, or to US dollars. */
  readonly settlesAt?: SettlingPrices
  /** A class that the policy gives a cap of its own. Absent: the money counts as spent. */
  readonly moneyClass?: string
  /** Hash of the policy's currency table, where it made dollars of another currency. */
  readonly ratesHash?: string
}

/** Prices as they stood when the call was reserved: a policy that changes while it is out is for the next call. */
export interface SettlingPrices {
  /** Stripe: of the currencies that the answer may be in. */
  readonly currencies?: CurrencyTable
  /** Twilio: for whom the message goes to. */
  readonly twilio?: TwilioPrices
  /** OpenAI's protocol: the most that the request's tier costs, for an answer that names none. 10 000 is the standard price. */
  readonly tierBasisPoints?: number
  /** As above, the least that an answer's tier costs. */
  readonly leastTierBasisPoints?: number
  /** A declared vendor whose answer holds the number that is paid for. */
  readonly answer?: Extract<PriceRule, { readonly kind: 'answer' }>
}

/** The amount stands only on the object: read it with GET `path` under the call's account headers, then `boundOfObject`. */
export interface AskFirst {
  readonly kind: 'ask_object_first'
  readonly path: string
  readonly object: string
}

/** A vendor's answer; `headers` with lower-case names. */
export interface VendorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

/**
 * What an answer says about the effect. `definite`: 2xx, 402, final 4xx. `not_sent`: 429, nothing happened.
 * `in_progress`: the same key is being worked on. `unknown`: the effect may have happened. `credential_refused`: our
 * secret was refused, nothing happened.
 */
export type Verdict = 'definite' | 'not_sent' | 'in_progress' | 'unknown' | 'credential_refused'

/** What a definite answer came to. */
export interface Actual {
  /** Like the bound: the total of `object`, before what is counted already is taken off. */
  readonly totalUsdMicros: UsdMicros
  /** The object made or acted on, to be counted once; null when there is none or the answer cannot be read. */
  readonly object: string | null
  /** An object that never charged and now never will: what was counted for it is given back, once. */
  readonly givesBack: string | null
  /** False for reads and for answers that changed nothing (402, other 4xx). */
  readonly hasEffect: boolean
  /** The vendor says that it replays an earlier answer: booked in full, flagged when we had not sent that key before. */
  readonly isVendorReplay: boolean
}

/**
 * How the effect of a call whose outcome is unknown is looked for, where it must not be sent again. What it finds is
 * taken only if it is the one effect that no other record has.
 */
export interface LookUp {
  readonly first: ReadTarget
  /** Of the 200 answer to a page; null where it cannot be read. `readAtMs`: our clock when it came. */
  judge(page: VendorAnswer, readAtMs: number): LookUpPage | null
}

/** Of a GET. */
export interface ReadTarget {
  readonly path: string
  readonly query: string
}

export interface LookUpPage {
  readonly found: readonly Found[]
  /** Null: no further page can hold the effect. */
  readonly next: ReadTarget | null
}

/** An effect that may be the one looked for, and the answer that the call would have had. */
export interface Found {
  readonly object: string
  readonly answer: VendorAnswer
}

/**
 * May a call whose outcome is unknown be sent again? `idempotent`: under the same key; `windowMs` counts from the first
 * send. `anew`: yes, and it is another purchase; what is unknown was paid for, at its bound.
 */
export type Repeat =
  | { readonly kind: 'idempotent'; readonly header: string; readonly windowMs: number }
  | { readonly kind: 'never' }
  | { readonly kind: 'anew' }

/** The body as the vendor gets it. `contentType` null: send no Content-Type. `path`: another than the app asked for. */
export interface ForwardBody {
  readonly body: Uint8Array
  readonly contentType: string | null
  readonly path?: string
  /** We asked for more than the app did: of a streamed answer it does not get what it did not ask for. */
  readonly asksForUsage?: boolean
}

/** Our secret as one field of the request: a header (lower case), or a parameter of the query. */
export interface Credential {
  readonly name: string
  readonly value: string
  readonly inQuery?: true
}

/** Reads what a streamed answer comes to while it is handed on. */
export interface AnswerReader {
  /** The next part as it came; gives what of it goes on to the app now, uncopied. */
  next(part: Uint8Array): readonly Uint8Array[]
  /** After the last part: what was held back. */
  rest(): Uint8Array
  /** Micro-dollars; undefined where the stream does not say, or says what cannot be believed. */
  price(): bigint | undefined
  /** The stream came to the end that its protocol gives it. */
  isComplete(): boolean
}

/** The money side of a vendor. Pure; judged only from bytes, never from what a client says about them. */
export interface Costing {
  bound(call: CallText, pricing: VendorPricing): Bound
  /** `objectJson`: body of the 200 answer to `AskFirst`. */
  boundOfObject(call: CallText, objectJson: Uint8Array, pricing: VendorPricing): Settleable | Refusal
  /** Of a streamed answer only the status is there: it is judged before its body. */
  verdict(
    answer: Pick<VendorAnswer, 'status'> & Partial<Pick<VendorAnswer, 'body'>>,
    call: CallText,
    pricing: VendorPricing,
  ): Verdict
  /** Of a definite answer, from what was reserved: the policy may be another one by now. */
  actual(settling: Settling): Actual
  /** Of vendors whose answers may be streams: what reads the one to this call. `hidesUsage`: `asksForUsage` of what went out. */
  reader?(bound: Priced, hidesUsage: boolean): AnswerReader
  /** Of a mutating call. */
  repeat(call: CallText, pricing: VendorPricing): Repeat
  /** Null, or no such member: its effect cannot be told from another's. `sentAtMs`: when it was sent. */
  lookUp?(call: CallText, sentAtMs: number): LookUp | null
  /** A list whose answers name further pages by whole addresses, so that an app would turn past us. Default: none does. */
  hasPageAddresses?(call: CallText): boolean
  forwardBody(call: CallText, pricing: VendorPricing): ForwardBody | Refusal
  /** What carries our secret. `place` null: as the vendor's own protocol says. */
  auth(secret: string, place: SecretPlace | null): Credential
}

export interface Settling {
  readonly call: CallText
  readonly answer: VendorAnswer
  /** The bound that was reserved. */
  readonly bound: Settleable
}
