export type BreachKind = 'over_cap' | 'duplicates' | 'lost' | 'stuck' | 'after_revoke' | 'wrong_refusal' | 'fault'

/** A promise that was broken. */
export interface Breach {
  readonly kind: BreachKind
  readonly message: string
}
